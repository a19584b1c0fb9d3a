import { z } from 'zod';
import { durations } from '../lib/durations.ts';
import { JsonFault } from '../lib/json-bytes.ts';
import type { HttpResponse } from '../net/http-client.ts';
import { NetError } from '../net/net-error.ts';
import { CodeMieError, type TokenRefusal } from './codemie-error.ts';

/** Whether a request may have changed something. */
export type Operation = 'read' | 'write';

const envelope = z.object({ error: z.object({ message: z.string(), details: z.unknown().optional() }) });

/**
 * What CodeMie's validator says before it touches its database, so nothing was written. The texts are constants of the
 * server, https://github.com/codemie-ai/codemie, and are matched whole or by their beginning; ours replace them.
 */
const refusals: readonly [beginning: string, hint: string][] = [
  ['PAT authentication requires', 'The token is empty.'],
  ['Cannot mix authentication methods', 'A token and a GitHub App key were sent together.'],
  ['GitHub App authentication requires', 'The App ID or the private key is empty.'],
  ['Invalid private key format', 'The private key is not in PEM format.'],
  ['Invalid app_id format', 'The App ID is not a number.'],
  ['Invalid installation_id format', 'The installation ID is not a number.'],
  ['Invalid auth_type', 'This version of CodeMie does not know the kind of credential.'],
];

/**
 * Says what an answer other than a clean success means. Status codes of the settings API are not enough: 422 is also
 * "database down", 500 is also "no such row", and 401 on an update is also "no permission".
 */
export function failureOfAnswer(operation: Operation, answer: HttpResponse, nowMs: number): CodeMieError {
  const { status } = answer;
  const said = envelope.safeParse(answer.body).data?.error;
  if (isAccessDenied(answer)) return accessDenied();
  if (isOnTheWay(answer)) return refusedOnTheWay();
  if (status === 401)
    return said?.message === keysUnavailable ? cannotVerify() : unauthorized(refusalOf(said));
  if (status === 429) return rateLimited(answer, nowMs);
  if (operation === 'write') return failureOfWrite(status, said, retryAt(answer, nowMs));
  if (status >= 500) return serverFailed(retryAt(answer, nowMs));
  return notTheApi();
}

/** What CodeMie says where it verifies tokens itself and can't get the keys for that. */
const keysUnavailable = 'Token validation unavailable';

/**
 * What CodeMie says of a token, by its own texts: those of its local provider as run, those of `JWKS_VALIDATION_ENABLED`
 * as in `docs/jwks-configuration-reference.md` of https://github.com/codemie-ai/codemie. Matched whole.
 */
const tokenRefusals = new Map<string, TokenRefusal>([
  ['Authentication required', 'noToken'],
  ['Missing Authorization header', 'noToken'],
  ['Token validation failed', 'notValid'],
  ['JWT has expired', 'expired'],
  ['Invalid JWT issuer', 'otherIssuer'],
]);

function refusalOf(said: { message: string; details?: unknown } | undefined): TokenRefusal {
  const details = typeof said?.details === 'string' ? said.details : '';
  return tokenRefusals.get(said?.message ?? '') ?? tokenRefusals.get(details) ?? 'unsaid';
}

/** Whether an answer refuses permission. On updates it has status 401, and only the message distinguishes it from a bad login. */
export function isAccessDenied(answer: HttpResponse): boolean {
  const { status, body } = answer;
  if (status === 403) return !isOnTheWay(answer);
  return status === 401 && envelope.safeParse(body).data?.error.message === 'Access denied';
}

/** Whether something before CodeMie refuses a request: CodeMie's own refusals are JSON. */
function isOnTheWay({ status, body }: HttpResponse): boolean {
  return (status === 401 || status === 403) && body === undefined;
}

/** Whether CodeMie itself answers with an error about what was asked for, as opposed to its login or something before it. */
export function isFromApplication({ status, body }: HttpResponse): boolean {
  return (status === 404 || status === 500) && messageOf(body) !== undefined;
}

/** Whether CodeMie says that there is no such project, or none that the login may see. */
export function isProjectMissing({ status, body }: HttpResponse): boolean {
  return status === 404 && messageOf(body) === 'Project not found';
}

/** Whether CodeMie leaves projects to its identity provider: `ENABLE_USER_MANAGEMENT` is off. */
export function isUserManagementOff({ status, body }: HttpResponse): boolean {
  return status === 400 && messageOf(body) === 'User management not enabled';
}

/**
 * Says why CodeMie creates no project. The texts are those of its `ProjectService`,
 * https://github.com/codemie-ai/codemie, matched by their beginning.
 */
export function failureOfNewProject(answer: HttpResponse, name: string, nowMs: number): CodeMieError {
  const said = messageOf(answer.body) ?? '';
  if (answer.status === 403 && said.startsWith('Project creation limit reached'))
    return new CodeMieError({
      kind: 'accessDenied',
      message: `CodeMie lets the connection's login create no more projects, so it did not create "${name}".`,
      hint: 'Raise the limit of projects of that user in CodeMie, or create the project there and make the login an administrator of it.',
    });
  if (answer.status === 403)
    return new CodeMieError({
      kind: 'accessDenied',
      message: `CodeMie does not let the connection's login create project "${name}".`,
      hint: 'Create it in CodeMie and make the login an administrator of it.',
    });
  if (answer.status === 400 && /^(Invalid project|Project) name\b/.test(said))
    return new CodeMieError({
      kind: 'rejected',
      message: `CodeMie does not allow a new project to be called "${name}".`,
      hint: "It wants 3 to 100 lower-case letters, digits, hyphens and underscores, the first a letter or digit, and reserves some names, such as demo and test; spec.project can't be edited, so delete the object and create it again.",
    });
  if (answer.status === 400 || answer.status === 422)
    return new CodeMieError({
      kind: 'rejected',
      message: `CodeMie refused to create project "${name}".`,
      hint: 'Create it in CodeMie and make the login an administrator of it.',
    });
  return failureOfAnswer('write', answer, nowMs);
}

function messageOf(body: unknown): string | undefined {
  return envelope.safeParse(body).data?.error.message;
}

function failureOfWrite(
  status: number,
  said: { message: string; details?: unknown } | undefined,
  retryAtMs: number | undefined,
): CodeMieError {
  if (status === 405 || (status === 404 && said === undefined)) return notTheApi();
  if (status === 413) return rejectedIntegration('It is larger than something before CodeMie accepts.');
  if (status === 422 && said !== undefined) {
    if (Array.isArray(said.details))
      return rejectedIntegration('This version of CodeMie wants its requests in another form.');
    const refusal = refusals.find(([beginning]) => said.message.startsWith(beginning));
    if (refusal !== undefined) return rejectedIntegration(refusal[1]);
  }
  const taken =
    typeof said?.details === 'string' && said.details.includes('more than one settings with the alias');
  return uncertainWrite({ duplicateAlias: taken, ...(retryAtMs === undefined ? {} : { retryAtMs }) });
}

/** Says what it means that there was no acceptable answer at all. Anything but a NetError is given back as it is. */
export function failureOfNetwork(operation: Operation, error: unknown): unknown {
  if (!(error instanceof NetError)) return error;
  if (error.kind === 'RedirectRefused') return redirected(error);
  if (operation === 'write' && error.requestSent) return uncertainWrite({ cause: error });
  if (error.kind === 'NotJson' || error.kind === 'TooLarge') return notTheApi(error);
  return new CodeMieError({ kind: 'unreachable', message: error.message, hint: error.hint, cause: error });
}

/** A write whose outcome only a later listing shows. */
export function uncertainWrite(
  details: { duplicateAlias?: boolean; retryAtMs?: number; cause?: unknown } = {},
): CodeMieError {
  return new CodeMieError({
    kind: 'uncertain',
    message: 'CodeMie did not say clearly whether it saved the change.',
    hint: 'The operator lists the integrations again to find out; if this persists, check the log of CodeMie.',
    ...details,
  });
}

/** What was to be written can't be, and the hint says why. */
export function rejectedIntegration(hint: string): CodeMieError {
  return new CodeMieError({ kind: 'rejected', message: 'CodeMie does not accept the integration.', hint });
}

/** A success that does not have the shape of CodeMie's API, or an address that CodeMie does not have. */
export function notTheApi(cause?: unknown): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: "What answers at the connection's URL does not speak CodeMie's API.",
    hint: 'Check the url, which usually ends in /code-assistant-api, and that no sign-in page stands before it.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * What to throw for a failure to read an answer: {@link notTheApi} for another shape, else the error as it is. The errors of
 * zod and of the parser quote the answer, so they are not kept.
 */
export function failureOfShape(error: unknown): unknown {
  return error instanceof z.ZodError || error instanceof JsonFault ? notTheApi() : error;
}

/** Nothing was done, and the address is most likely not the one that CodeMie knows itself by. */
function redirected(error: NetError): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: error.message,
    hint: `${error.hint.replace(/\.$/, '')}; the url of a connection usually ends in /code-assistant-api.`,
    cause: error,
  });
}

/** A listing that is beyond what is read through a connection of this kind. */
export function tooManyIntegrations({
  maxBytes,
  maxRows,
}: {
  maxBytes: number;
  maxRows: number;
}): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: `What answers at the connection's URL lists more than ${maxRows} integrations or ${maxBytes / 1024 / 1024} MiB, the most that is read.`,
    hint: 'Use a login that sees fewer projects, or ask the platform team for a ClusterCodeMieConnection, which may list more.',
  });
}

function unauthorized(tokenRefusal: TokenRefusal): CodeMieError {
  return new CodeMieError({
    kind: 'unauthorized',
    message: 'CodeMie does not accept the login of the connection.',
    hint: 'Check auth and authHeader; CodeMie also answers so while its own database or identity provider is down.',
    tokenRefusal,
  });
}

function refusedOnTheWay(): CodeMieError {
  return new CodeMieError({
    kind: 'unreachable',
    message:
      'Something before CodeMie, such as a proxy or a firewall, refuses the requests of the connection.',
    hint: 'The operator retries; if this persists, check the proxies and firewalls between the operator and CodeMie.',
    tokenRefusal: 'onTheWay',
  });
}

function cannotVerify(): CodeMieError {
  return new CodeMieError({
    kind: 'unreachable',
    message:
      'CodeMie cannot verify tokens at the moment, because it does not get the keys of the identity provider.',
    hint: 'The operator retries; if this persists, check JWKS_TRUSTED_ISSUERS of CodeMie, and its way to the identity provider.',
  });
}

function accessDenied(): CodeMieError {
  return new CodeMieError({
    kind: 'accessDenied',
    message: 'The login of the connection lacks the rights for this in CodeMie.',
    hint: 'Make it an administrator of the project in CodeMie.',
    tokenRefusal: 'unsaid',
  });
}

function serverFailed(retryAtMs: number | undefined): CodeMieError {
  return new CodeMieError({
    kind: 'unreachable',
    message: 'CodeMie answers with an error.',
    hint: 'The operator retries; if this persists, check the log of CodeMie.',
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
  });
}

function rateLimited(answer: HttpResponse, nowMs: number): CodeMieError {
  const retryAtMs = retryAt(answer, nowMs);
  return new CodeMieError({
    kind: 'rateLimited',
    message: 'Too many requests were sent to CodeMie.',
    hint: 'The operator retries later; if this recurs, lower limits.requestsPerSecond of the connection.',
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
  });
}

/** `Retry-After` as epoch milliseconds, at most an hour ahead. RFC 9110, 10.2.3: seconds or a date. */
export function retryAt(
  { headers }: { headers: { get(name: string): string | null | undefined } },
  nowMs: number,
): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const atMs = /^\d+$/.test(text) ? nowMs + Number(text) * 1000 : Date.parse(text);
  return Number.isNaN(atMs)
    ? undefined
    : Math.min(Math.max(atMs, nowMs), nowMs + durations.codemie.longestRetryAfterMs);
}
