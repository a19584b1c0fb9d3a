import {
  type DataCenterState,
  nextId,
  type Repository,
  type Token,
  type TokenKind,
  type User,
} from './state.ts';

interface NewToken {
  /** The secret itself. */
  token: string;
  /** Default `user`. */
  kind?: TokenKind;
  /** Default `alice` for a user's token, else none: then no `X-AUSERNAME` says that the token is good. */
  actsAs?: string;
  /** For the others: `PROJECT` or `PROJECT/slug`. */
  resource?: string;
  expiresAt?: Date;
}

interface NewRepository {
  /** `PROJECT/slug`. */
  fullName: string;
  isPublic?: boolean;
  /** User names; default `alice`. */
  readers?: readonly string[];
}

/** What a test can do to a Bitbucket Data Center. Tokens that are not known throw. */
export interface BitbucketDataCenterControls {
  /** Also needed for Basic. */
  addUser(name: string, password: string): User;
  addRepository(repository: NewRepository): Repository;
  addToken(token: NewToken): void;
  /** By default a second ago by the peer's clock. */
  expireToken(token: string, at?: Date): void;
  revokeToken(token: string): void;
}

/** The controls over `state`; `now` is the peer's clock. */
export function createControls(state: DataCenterState, now: () => number): BitbucketDataCenterControls {
  const known = (secret: string): Token => {
    const token = state.tokens.get(secret);
    if (token === undefined) {
      throw new Error('The peer does not know that token');
    }
    return token;
  };

  return {
    addUser(name, password) {
      const user: User = { id: nextId(state), name, password, failures: 0 };
      state.users.set(name, user);
      return user;
    },
    addRepository(wanted) {
      const [project = '', slug = ''] = wanted.fullName.split('/');
      const repository: Repository = {
        id: nextId(state),
        project,
        slug,
        isPublic: wanted.isPublic ?? false,
        readers: new Set(wanted.readers ?? ['alice']),
      };
      state.repositories.set(wanted.fullName, repository);
      return repository;
    },
    addToken(wanted) {
      const kind = wanted.kind ?? 'user';
      state.tokens.set(wanted.token, {
        kind,
        actsAs: wanted.actsAs ?? (kind === 'user' ? 'alice' : undefined),
        resource: wanted.resource,
        expiresAtMs: wanted.expiresAt?.getTime(),
        revoked: false,
      });
    },
    expireToken: (token, at) => void (known(token).expiresAtMs = at?.getTime() ?? now() - 1000),
    revokeToken: (token) => void (known(token).revoked = true),
  };
}
