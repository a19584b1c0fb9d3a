import { z } from 'zod';
import type { DesiredSetting, ObservedSetting, Scope } from '../domain/git-setting.ts';
import { bounds } from '../lib/bounds.ts';
import { durations } from '../lib/durations.ts';
import { trimEnd } from '../lib/linear-text.ts';
import type { HttpClient, HttpResponse } from '../net/http-client.ts';
import { type Account, readAccount } from './account.ts';
import type { AuthHeader } from './auth.ts';
import {
  failureOfAnswer,
  failureOfNetwork,
  failureOfNewProject,
  failureOfShape,
  isAccessDenied,
  isFromApplication,
  isProjectMissing,
  isUserManagementOff,
  notTheApi,
  type Operation,
  rejectedIntegration,
  uncertainWrite,
} from './failures.ts';
import type { Limiter } from './limits.ts';
import { type ListingBounds, readAllGitSettings } from './listing.ts';
import { harmfulKey, toRequestBody } from './row.ts';
import type { TokenSource } from './sign-in.ts';

/**
 * CodeMie's API as far as Git integrations need it, as one login. The paths and shapes are those of
 * https://github.com/codemie-ai/codemie, `/openapi.json` of a server.
 *
 * All functions throw {@link CodeMieError}; the signal's reason if it aborts before the request.
 */
export interface CodeMieClient {
  /** The login's own account and rights, as of at most half a minute ago: CodeMie keeps them that long per token. */
  whoAmI(signal: AbortSignal): Promise<Account>;
  /** What the server calls its version; undefined if it does not look like one. */
  serverVersion(signal: AbortSignal): Promise<string | undefined>;
  /** Looks for a project of exactly this name, case included. */
  findProject(name: string, signal: AbortSignal): Promise<ProjectLookup>;
  /** The same for a login that is an administrator of CodeMie, where {@link ProjectLookup} is `notTold`. */
  administersProject(name: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Creates a project, of which the login becomes the administrator. `exists`: there is one of that name, in this or in
   * another case. `notOffered`: without its user management CodeMie creates none.
   *
   * @param description not blank, at most 500 characters
   */
  createProject(
    name: string,
    description: string,
    signal: AbortSignal,
  ): Promise<'created' | 'exists' | 'notOffered'>;
  /** All Git integrations of the scope that the login can see, of all projects. */
  listGitSettings(scope: Scope, signal: AbortSignal): Promise<ObservedSetting[]>;
  /** CodeMie reports no id: it has to be found in a listing. Two creates of one alias at the same time both succeed. */
  create(setting: DesiredSetting, signal: AbortSignal): Promise<void>;
  /**
   * Replaces everything but the project: values that are not sent are removed. The scope must be the one that the
   * integration has: on the path of the other one CodeMie would silently move it there.
   *
   * @param options `aliasCheck: false`: CodeMie does not check whether the alias is taken, and does all else alike
   */
  update(
    id: string,
    setting: DesiredSetting,
    signal: AbortSignal,
    options?: { aliasCheck: boolean },
  ): Promise<void>;
  /** One that is gone already is `uncertain`, as is every other failure of the server. */
  remove(scope: Scope, id: string, signal: AbortSignal): Promise<void>;
  /**
   * Removes a project integration that no listing shows. CodeMie lists none of the projects that the login does not
   * administer; to their removal it answers 403, and to that of one that does not exist 500.
   *
   * @returns `outOfSight`: it exists, and the login lacks the rights to remove it
   */
  removeUnlisted(id: string, signal: AbortSignal): Promise<'removed' | 'missing' | 'outOfSight'>;
}

/** See `bounds.listing` and `bounds.account`. */
export type ClientBounds = ListingBounds & { maxProjects: number; maxAccountBytes: number };

/**
 * What CodeMie says of a project: `notFound` - it does not exist, or the login is not a member; CodeMie answers both alike
 * to all but its administrators. `notTold` - CodeMie keeps no projects itself (`ENABLE_USER_MANAGEMENT` is off, which is
 * its default), and so does not answer.
 */
export type ProjectLookup = 'found' | 'notFound' | 'notTold';

/** Options for {@link createCodeMieClient}. */
export interface CodeMieClientOptions {
  /** Base URL, such as `https://codemie.example.com/code-assistant-api`. */
  url: string;
  http: HttpClient;
  tokens: TokenSource;
  limiter: Pick<Limiter, 'run'>;
  now: () => number;
  /** How much is read of a server; by default what a ClusterCodeMieConnection may. */
  limits?: ClientBounds;
}

const saved = z.object({ message: z.string() });
const info = z.object({ version: z.string() });
const project = z.object({ name: z.string() });
/** Names alone in earlier versions. */
const applications = z.object({
  applications: z.array(z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])),
});

interface Call {
  operation: Operation;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Without a trailing slash: the server redirects to the right form, by http. */
  path: string;
  body?: string;
  signal: AbortSignal;
  /** Other than those of the HTTP client. */
  limits?: { timeoutMs?: number; maxBodyBytes?: number; accept?: 'bytes' };
}

/** A server takes 2 seconds for 10,000 integrations. */
const listingTimeoutMs = durations.codemie.listingTimeoutMs;

/** Creates the client of one connection. */
export function createCodeMieClient(options: CodeMieClientOptions): CodeMieClient {
  const { http, tokens, limiter, now } = options;
  const { limits: own = { ...bounds.listing.cluster, ...bounds.account.cluster } } = options;
  const baseUrl = trimEnd(options.url, '/');

  async function sendOnce(call: Call, header: AuthHeader): Promise<HttpResponse> {
    const request = {
      method: call.method,
      url: baseUrl + call.path,
      // CodeMie answers 500 to any other content type, even where there is no body.
      headers: { 'content-type': 'application/json', [header.name]: header.value },
      signal: call.signal,
      maxRedirects: 0,
      ...call.limits,
      ...(call.body === undefined ? {} : { body: call.body }),
    };
    return http.request(request).catch((error: unknown) => {
      throw failureOfNetwork(call.operation, error);
    });
  }

  /** A bad login is found out before anything is done, so even a write may be sent again with another token. */
  async function send(call: Call): Promise<HttpResponse> {
    return limiter.run(async () => {
      const header = await tokens.token(call.signal);
      const answer = await sendOnce(call, header);
      if (answer.status !== 401 || isAccessDenied(answer)) return answer;
      const another = await tokens.replace(header, call.signal);
      return another === undefined ? answer : sendOnce(call, another);
    }, call.signal);
  }

  async function ask(path: string, signal: AbortSignal, limits: Call['limits'] = {}): Promise<HttpResponse> {
    const answer = await send({ operation: 'read', method: 'GET', path, signal, limits });
    if (answer.status !== 200) throw failureOfAnswer('read', answer, now());
    return answer;
  }

  async function read(path: string, signal: AbortSignal): Promise<unknown> {
    return (await ask(path, signal)).body;
  }

  /** An answer that is too long to be parsed at once. */
  async function readBytes(path: string, signal: AbortSignal, limits: Call['limits']): Promise<Uint8Array> {
    return (await ask(path, signal, { ...limits, accept: 'bytes' })).bytes ?? new Uint8Array();
  }

  async function write(call: Omit<Call, 'operation'>): Promise<void> {
    const answer = await send({ operation: 'write', ...call });
    if (answer.status !== 200) throw failureOfAnswer('write', answer, now());
    if (!saved.safeParse(answer.body).success) throw uncertainWrite();
  }

  function writeSetting(
    call: Pick<Call, 'method' | 'path' | 'signal'>,
    setting: DesiredSetting,
    project?: string,
  ) {
    const key = harmfulKey(setting);
    if (key !== undefined) throw rejectedIntegration(`The value of ${key} is empty or a mask.`);
    return write({ ...call, body: toRequestBody(setting, project) });
  }

  return {
    whoAmI: async (signal) => {
      const bytes = await readBytes('/v1/user', signal, { maxBodyBytes: own.maxAccountBytes });
      try {
        return readAccount(bytes, own.maxProjects);
      } catch (error) {
        throw failureOfShape(error);
      }
    },

    serverVersion: async (signal) => {
      const { version } = parse(info, await read('/v1/info', signal));
      return /^[\w.+-]{1,64}$/.test(version) ? version : undefined;
    },

    findProject: async (name, signal) => {
      const path = `/v1/projects/${encodeURIComponent(name)}`;
      // A URL can't carry these as a segment of its path.
      if (name === '' || name === '.' || name === '..') return 'notFound';
      const answer = await send({ operation: 'read', method: 'GET', path, signal });
      if (isProjectMissing(answer)) return 'notFound';
      if (isUserManagementOff(answer)) return 'notTold';
      if (answer.status !== 200) throw failureOfAnswer('read', answer, now());
      // The server may find a project of another case.
      return parse(project, answer.body).name === name ? 'found' : 'notFound';
    },

    administersProject: async (name, signal) => {
      const answer = await read(`/v1/admin/applications?search=${encodeURIComponent(name)}`, signal);
      return parse(applications, answer).applications.includes(name);
    },

    createProject: async (name, description, signal) => {
      const body = JSON.stringify({ name, description });
      const answer = await send({ operation: 'write', method: 'POST', path: '/v1/projects', body, signal });
      if (answer.status === 201) return 'created';
      if (answer.status === 409) return 'exists';
      if (isUserManagementOff(answer)) return 'notOffered';
      throw failureOfNewProject(answer, name, now());
    },

    listGitSettings: (scope, signal) => {
      const filters = encodeURIComponent(JSON.stringify({ type: 'Git' }));
      const limits = {
        timeoutMs: listingTimeoutMs,
        maxBodyBytes: own.maxBytes,
      };
      const readPage = async (perPage: number): Promise<Uint8Array> => {
        const path = `${pathOf(scope)}?filters=${filters}&page=0&per_page=${perPage}`;
        return await readBytes(path, signal, limits);
      };
      return readAllGitSettings(readPage, scope, own);
    },

    create: async (setting, signal) =>
      writeSetting({ method: 'POST', path: pathOf(setting.scope), signal }, setting, setting.project),

    update: async (id, setting, signal, { aliasCheck } = { aliasCheck: true }) => {
      const path = `${pathOf(setting.scope)}/${encodeURIComponent(id)}`;
      return writeSetting({ method: 'PUT', path, signal }, setting, aliasCheck ? setting.project : undefined);
    },

    remove: (scope, id, signal) =>
      write({ method: 'DELETE', path: `${pathOf(scope)}/${encodeURIComponent(id)}`, signal }),

    removeUnlisted: async (id, signal) => {
      const path = `${pathOf('Project')}/${encodeURIComponent(id)}`;
      const answer = await send({ operation: 'write', method: 'DELETE', path, signal });
      if (answer.status === 200) return 'removed';
      if (isAccessDenied(answer)) return 'outOfSight';
      if (isFromApplication(answer)) return 'missing';
      throw failureOfAnswer('write', answer, now());
    },
  };
}

function pathOf(scope: Scope): string {
  return scope === 'Project' ? '/v1/settings/project' : '/v1/settings/user';
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const { success, data } = schema.safeParse(body);
  if (!success) throw notTheApi();
  return data;
}
