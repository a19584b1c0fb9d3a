import { randomUUID } from 'node:crypto';
import type { CloudState, Repository, Token, TokenKind, User } from './state.ts';

interface NewToken {
  /** The secret itself. */
  token: string;
  /** Default `api_token`. */
  kind?: TokenKind;
  /** For the kinds that belong to a user, added when unknown with the address `<username>@example.com`; default `alice`. */
  username?: string;
  /** Default: what reading a repository and naming the user takes, in the vocabulary of the kind. */
  scopes?: readonly string[];
  expiresAt?: Date;
  /** For access tokens: `workspace`, `workspace/PROJECT` or `workspace/slug`. */
  resource?: string;
}

interface NewRepository {
  /** `workspace/slug`. */
  fullName: string;
  /** Default `PRJ`. */
  project?: string;
  /** Default true. */
  isPrivate?: boolean;
  /** Usernames; default `alice`. */
  members?: readonly string[];
}

/** What a test can do to Bitbucket Cloud. Tokens that are not known throw. */
export interface BitbucketCloudControls {
  addUser(username: string, email?: string): User;
  addRepository(repository: NewRepository): Repository;
  addToken(token: NewToken): void;
  setScopes(token: string, scopes: readonly string[]): void;
  /** By default a second ago by the peer's clock. */
  expireToken(token: string, at?: Date): void;
  revokeToken(token: string): void;
}

/** The controls over `state`; `now` is the peer's clock. */
export function createControls(state: CloudState, now: () => number): BitbucketCloudControls {
  const known = (secret: string): Token => {
    const token = state.tokens.get(secret);
    if (token === undefined) {
      throw new Error('The peer does not know that token');
    }
    return token;
  };

  const addUser = (username: string, email = `${username}@example.com`): User => {
    const user = { uuid: `{${randomUUID()}}`, username, email };
    state.users.set(username, user);
    return user;
  };

  return {
    addUser,
    addRepository(wanted) {
      const [workspace = '', slug = ''] = wanted.fullName.split('/');
      const repository: Repository = {
        uuid: `{${randomUUID()}}`,
        workspace,
        slug,
        project: wanted.project ?? 'PRJ',
        isPrivate: wanted.isPrivate ?? true,
        members: new Set(wanted.members ?? ['alice']),
      };
      state.repositories.set(wanted.fullName, repository);
      return repository;
    },
    addToken(wanted) {
      const kind = wanted.kind ?? 'api_token';
      const username = kind.endsWith('_access_token') ? undefined : (wanted.username ?? 'alice');
      if (username !== undefined && !state.users.has(username)) {
        addUser(username);
      }
      state.tokens.set(wanted.token, {
        kind,
        username,
        scopes: wanted.scopes ?? defaultScopes(kind),
        expiresAtMs: wanted.expiresAt?.getTime(),
        revoked: false,
        resource: wanted.resource,
      });
    },
    setScopes: (token, scopes) => void (known(token).scopes = scopes),
    expireToken: (token, at) => void (known(token).expiresAtMs = at?.getTime() ?? now() - 1000),
    revokeToken: (token) => void (known(token).revoked = true),
  };
}

function defaultScopes(kind: TokenKind): string[] {
  if (kind === 'api_token') {
    return ['read:repository:bitbucket', 'read:user:bitbucket', 'write:repository:bitbucket'];
  }
  return kind.endsWith('_access_token') ? ['repository:write'] : ['account', 'repository:write'];
}
