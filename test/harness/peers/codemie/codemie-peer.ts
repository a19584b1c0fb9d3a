import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from '../peer.ts';
import type { ApiResponse } from './api-error.ts';
import {
  createAuthentication,
  type IdentityProvider,
  type TokenHeader,
  type TokenVerification,
} from './authentication.ts';
import type { Backend } from './backend.ts';
import { type CodeMieProject, type CodeMieUser, createDirectory, type NewUser } from './directory.ts';
import { createFaults, type Faults } from './faults.ts';
import { type ApiRequest, readRequest, writeResponse } from './http.ts';
import { PythonError } from './python.ts';
import { createRouter } from './router.ts';
import { accountRoutes } from './routes/account.ts';
import { localAuthRoutes } from './routes/local-auth.ts';
import { projectSettingsRoutes } from './routes/project-settings.ts';
import { projectsRoutes } from './routes/projects.ts';
import { serviceRoutes } from './routes/service.ts';
import { transferRoutes } from './routes/transfer.ts';
import { userSettingsRoutes } from './routes/user-settings.ts';
import type { SettingRow, SettingType } from './setting.ts';
import { createSettingWrites } from './setting-writes.ts';
import { createSettingStore } from './store.ts';

/** CodeMie's settings API with the handles a test needs. */
export interface CodeMiePeer extends Peer {
  /** `https://<host><basePath>`, what a client is configured with. */
  readonly url: string;
  addUser(user: NewUser): CodeMieUser;
  /** Adds a project, or gives back the one of exactly this name. */
  addProject(name: string, options?: { createdBy?: string }): CodeMieProject;
  /** An opaque token that is good for the user until the peer ends. */
  addToken(token: string, user: CodeMieUser): void;
  /** Every row, secrets in clear. Changing one is what a user with a database client would do. */
  rows(): readonly SettingRow[];
  /** Puts a row past all checks: duplicates, rows of other users, rows that a user entered. */
  seed(row: SeedRow): SettingRow;
  /** Removes a row, as a user would in the web form. */
  remove(id: string): void;
  readonly faults: Faults;
  /**
   * `down`: sign-in fails with 401, whatever is asked. `downBehindLogin`: who signed in a moment ago is still
   * known (roles are cached for 30 s), so that a write is answered 422 and a read 500.
   */
  setDatabase(state: 'up' | 'down' | 'downBehindLogin'): void;
  /**
   * Whether an update moves its row behind all others in the database, as it mostly does. Of several rows of one alias
   * the first can be updated, so that one created after ours blocks it from then on.
   */
  updatesGoLast(goLast: boolean): void;
  /** From now on tokens are verified like this, in addition; undefined ends it. */
  verifyTokens(verification: TokenVerification | undefined): void;
  /** False: a server that drops credential keys it doesn't know. */
  keepUnknownKeys(keep: boolean): void;
  /** Awaited by every create between its check of the alias and its insert; undefined: a few milliseconds. */
  setInsertGate(gate: (() => Promise<void>) | undefined): void;
  /** Ends all faults, and takes back what the other controls have set. */
  calm(): void;
}

interface SeedRow {
  readonly project: string;
  readonly alias: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Who made it. */
  readonly user: CodeMieUser;
  /** Default `project`. */
  readonly type?: SettingType;
  /** Default `Git`. */
  readonly credentialType?: string;
  readonly isGlobal?: boolean;
}

export interface CodeMiePeerOptions {
  /** Default `codemie.example.com`. */
  readonly host?: string;
  /** The prefix the ingress takes away. Default `/code-assistant-api`; empty for the Service inside the cluster. */
  readonly basePath?: string;
  /** Default `authorization`. */
  readonly tokenHeader?: TokenHeader;
  readonly identityProvider?: IdentityProvider;
  /**
   * `ENABLE_USER_MANAGEMENT`. True, the default here: the rights of {@link CodeMiePeer.addUser} count. False, as
   * shipped: those of the identity provider's users are in its claims, at each request, and the API has no projects:
   * `/v1/projects` is off.
   */
  readonly userManagement?: boolean;
  /** What `/v1/info` says. Default `0.16.0`. */
  readonly version?: string;
  /** Sign-ins in 15 minutes. Default 5, as shipped. */
  readonly loginAttempts?: number;
  /** Time between the check of an alias and the insert, in milliseconds. Default 5. */
  readonly insertDelayMs?: number;
  /** Epoch milliseconds; default the real clock. */
  readonly now?: () => number;
}

/**
 * CodeMie as the operator meets it, after the public project codemie-ai/codemie at commit 2a481c2, the real
 * backend having been run and asked. Left out: `POST /v1/settings/test/`, credential types but four, and
 * everything that isn't about settings.
 */
export function createCodeMiePeer(options: CodeMiePeerOptions = {}): CodeMiePeer {
  const host = options.host ?? 'codemie.example.com';
  const basePath = options.basePath ?? '/code-assistant-api';
  const now = options.now ?? (() => Date.now());
  const insertDelayMs = options.insertDelayMs ?? 5;
  const userManagement = options.userManagement ?? true;
  let database: 'up' | 'down' | 'downBehindLogin' = 'up';
  let keepsUnknownKeys = true;
  let tokenVerification: TokenVerification | undefined;
  let insertGate: (() => Promise<void>) | undefined;

  const store = createSettingStore(now);
  const directory = createDirectory(now);
  const faults = createFaults();
  const backend: Backend = {
    store,
    directory,
    now,
    userManagement,
    authentication: createAuthentication({
      directory,
      now,
      tokenHeader: options.tokenHeader ?? 'authorization',
      identityProvider: options.identityProvider,
      userManagement,
      tokenVerification: () => tokenVerification,
      canLookUpUsers: () => database !== 'down',
    }),
    writes: createSettingWrites({
      store,
      directory,
      betweenCheckAndInsert: () => insertGate?.() ?? sleep(insertDelayMs),
      keepsUnknownKeys: () => keepsUnknownKeys,
    }),
    touchDatabase() {
      if (database !== 'up') {
        throw new PythonError(
          '(psycopg2.OperationalError) connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        );
      }
    },
  };
  const route = createRouter([
    ...serviceRoutes(options.version ?? '0.16.0'),
    ...accountRoutes(backend),
    ...userSettingsRoutes(backend),
    ...projectSettingsRoutes(backend),
    ...transferRoutes(backend),
    ...projectsRoutes(backend),
    ...localAuthRoutes(backend, options.loginAttempts ?? 5),
  ]);

  /** Undefined: the connection is to end without an answer. */
  async function answer(request: ApiRequest): Promise<ApiResponse | undefined> {
    const fault = faults.take(request);
    await fault?.before?.(request);
    const outcome = fault?.outcome;
    if (outcome === undefined) {
      return await route(request);
    }
    if (outcome.committed) {
      await route(request);
    }
    if (outcome.kind === 'drop') {
      return undefined;
    }
    return 'answer' in outcome ? outcome.answer(request) : outcome;
  }

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!message.url?.startsWith(`${basePath}/`)) {
      writeResponse(response, { status: 404, body: 'default backend - 404' });
      return;
    }
    const answered = await answer(await readRequest(message, basePath));
    if (answered === undefined) {
      message.socket.destroy();
      return;
    }
    writeResponse(response, answered);
  }

  return {
    name: 'codemie',
    hosts: [host],
    requests: [],
    url: `https://${host}${basePath}`,
    faults,
    handler(message, response) {
      serve(message, response).catch(() => message.socket.destroy());
    },
    addUser: (user) => directory.addUser(user),
    addProject: (name, fields) => directory.addProject(name, fields),
    addToken: (token, user) => backend.authentication.addToken(token, user.id),
    rows: () => store.rows(),
    seed: ({ project, alias, values, user, type = 'project', credentialType = 'Git', isGlobal = false }) =>
      store.insert({
        project_name: project,
        alias,
        credential_type: credentialType,
        credential_values: Object.entries(values).map(([key, value]) => ({ key, value })),
        setting_type: type,
        user_id: user.id,
        created_by: { id: user.id, username: user.username, name: user.name },
        is_global: isGlobal,
      }),
    remove: (id) => {
      store.remove(id);
    },
    setDatabase(state) {
      database = state;
    },
    updatesGoLast(goLast) {
      store.updatesGoLast = goLast;
    },
    verifyTokens(verification) {
      tokenVerification = verification;
    },
    keepUnknownKeys(keep) {
      keepsUnknownKeys = keep;
    },
    setInsertGate(gate) {
      insertGate = gate;
    },
    calm() {
      faults.clear();
      faults.decide(undefined);
      database = 'up';
      store.updatesGoLast = false;
      keepsUnknownKeys = true;
      insertGate = undefined;
    },
    close: () => Promise.resolve(),
  };
}
