import type { Answer, Question } from '../git-hosts/exchange.ts';
import type { AppContext } from './app-tokens.ts';
import { accountBody, timestamp } from './bodies.ts';
import { secretOf } from './credentials.ts';
import { page } from './pages.ts';
import { notFound, refuse } from './site.ts';
import { covers, ensureAccount, fullNameOf, type Installation, nextId } from './state.ts';

const hourMs = 3_600_000;

/**
 * `POST /app/installations/{id}/access_tokens`: emulate mints, this peer remembers what the token opens. The hour it
 * lives is counted by the peer's clock. Repositories are to be given by name: emulate numbers them in its own way.
 */
export async function mint(
  context: AppContext,
  installation: Installation | undefined,
  question: Question,
): Promise<Answer> {
  const { state, verifier } = context;
  if (installation?.suspendedAtMs !== undefined) {
    // https://github.com/ossf/allstar/issues/314
    return refuse(403, 'This installation has been suspended');
  }
  const jwt = secretOf(question);
  if (installation === undefined || jwt === undefined) {
    return notFound();
  }
  const minted = await verifier.mint(jwt, installation.id, await question.text());
  const { token, permissions = {}, repositories } = minted.body;
  if (token === undefined) {
    return refuse(minted.status, minted.body.message ?? 'Not Found');
  }
  const createdAtMs = context.now();
  state.tokens.set(token, {
    id: nextId(state),
    kind: 'installation',
    login: installation.account,
    scopes: [],
    clientId: undefined,
    createdAtMs,
    expiresAtMs: createdAtMs + hourMs,
    expiryZone: 'UTC',
    revoked: false,
    permissions,
    repositories:
      repositories && new Set(repositories.map((repository) => repository.full_name.toLowerCase())),
    samlAuthorizedFor: new Set(),
    installationId: installation.id,
  });
  return { status: 201, body: { ...minted.body, expires_at: timestamp(createdAtMs + hourMs) } };
}

/** `GET /installation/repositories`, with an installation token. https://docs.github.com/rest/apps/installations */
export function installationRepositories(context: AppContext, question: Question): Answer {
  const { site, state } = context;
  const token = state.tokens.get(secretOf(question) ?? '');
  const installation = state.installations.get(token?.installationId ?? 0);
  if (token === undefined || installation === undefined) {
    return refuse(
      403,
      'You must authenticate with an installation access token in order to list repositories for an installation.',
    );
  }
  const visible = [...state.repositories.values()].filter(
    (repository) =>
      covers(installation, repository) &&
      (token.repositories?.has(fullNameOf(repository).toLowerCase()) ?? true),
  );
  return page(question, `${site.apiUrl}/installation/repositories`, visible, (part) => ({
    total_count: visible.length,
    repository_selection: installation.repositories === undefined ? 'all' : 'selected',
    repositories: part.map((repository) => ({
      id: repository.id,
      name: repository.name,
      full_name: fullNameOf(repository),
      private: repository.private,
      owner: accountBody(site, ensureAccount(state, repository.owner)),
    })),
  }));
}
