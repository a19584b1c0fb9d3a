import { createEmulator, type Emulator } from 'emulate';
import { z } from 'zod';
import { deadline } from '../../pace.ts';
import { withMetadata } from './bodies.ts';
import type { GitHubState } from './state.ts';

/** emulate answers 403 to everything after 5,000 requests of App tokens within an hour; a new one starts at 0. */
const requestsPerEmulator = 4000;
const deadlineMs = 10_000;

/**
 * Verifies App tokens and mints installation tokens by https://github.com/vercel-labs/emulate, so that what the
 * operator signs is checked by other people's code.
 */
export interface AppVerifier {
  /** True if the token is an App's, signed by its key, and has not expired by this machine's clock. */
  verify(jwt: string): Promise<boolean>;
  /** `POST /app/installations/{id}/access_tokens` as emulate answers it. */
  mint(jwt: string, installationId: number, body: string): Promise<{ status: number; body: MintAnswer }>;
  close(): Promise<void>;
}

const mintAnswerSchema = z.looseObject({
  message: z.string().optional(),
  token: z.string().optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])).optional(),
  repository_selection: z.enum(['all', 'selected']).optional(),
  repositories: z.array(z.looseObject({ full_name: z.string() })).optional(),
});

type MintAnswer = z.infer<typeof mintAnswerSchema>;

/**
 * Starts emulate at the first request, and again when `state` has changed since: it takes its apps at the
 * start only. One question at a time, so that a new start never cuts one off.
 */
export function createAppVerifier(state: GitHubState): AppVerifier {
  let running: { emulator: Emulator; revision: number; requests: number } | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  async function current(): Promise<Emulator> {
    if (running?.revision === state.revision && running.requests < requestsPerEmulator) {
      running.requests += 1;
      return running.emulator;
    }
    await running?.emulator.close();
    const { revision } = state;
    running = {
      emulator: await createEmulator({ service: 'github', port: 0, seed: seedOf(state) }),
      revision,
      requests: 1,
    };
    return running.emulator;
  }

  function ask(jwt: string, path: string, init: RequestInit): Promise<Response> {
    const answer = queue.then(async () => {
      const { url } = await current();
      const response = await fetch(url.replace('localhost', '127.0.0.1') + path, {
        ...init,
        headers: { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' },
        signal: deadline(deadlineMs),
      });
      // Read to the end here: the next question may close the server.
      return new Response(await response.text(), { status: response.status });
    });
    queue = answer.catch(() => undefined);
    return answer;
  }

  return {
    verify: async (jwt) => (await ask(jwt, '/app', {})).ok,
    async mint(jwt, installationId, body) {
      const path = `/app/installations/${installationId}/access_tokens`;
      const answer = await ask(jwt, path, { method: 'POST', ...(body === '' ? {} : { body }) });
      return { status: answer.status, body: mintAnswerSchema.parse(await answer.json()) };
    },
    async close() {
      await queue;
      await running?.emulator.close();
      running = undefined;
    },
  };
}

/** What emulate has to know: accounts, repositories, and apps with a key and their installations. */
function seedOf(state: GitHubState): Record<string, unknown> {
  const accounts = [...state.accounts.values()];
  return {
    // An unused token: without one emulate invents an administrator.
    tokens: { unused: { login: 'nobody' } },
    github: {
      users: accounts.filter(({ type }) => type === 'User').map(({ login }) => ({ login })),
      orgs: accounts.filter(({ type }) => type === 'Organization').map(({ login }) => ({ login })),
      repos: [...state.repositories.values()].map(({ owner, name, private: isPrivate }) => ({
        owner,
        name,
        private: isPrivate,
        auto_init: false,
      })),
      apps: [...state.apps.values()]
        .filter((app) => app.privateKey !== undefined)
        .map((app) => ({
          app_id: app.id,
          slug: app.slug,
          name: app.slug,
          private_key: app.privateKey,
          permissions: app.permissions,
          installations: installationSeeds(state, app.id),
        })),
    },
  };
}

function installationSeeds(state: GitHubState, appId: number): Record<string, unknown>[] {
  return (
    [...state.installations.values()]
      // emulate knows no enterprises.
      .filter(
        ({ appId: of, account }) =>
          of === appId && state.accounts.get(account.toLowerCase())?.type !== 'Enterprise',
      )
      .map((installation) => ({
        installation_id: installation.id,
        account: installation.account,
        permissions: withMetadata(installation.permissions),
        repository_selection: installation.repositories === undefined ? 'all' : 'selected',
        repositories: [...(installation.repositories ?? [])].map(
          (name) => `${installation.account}/${state.repositories.get(name)?.name ?? name.split('/')[1]}`,
        ),
      }))
  );
}
