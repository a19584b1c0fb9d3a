import type { Description } from './tls-failures.ts';

const ofProxy = (sentence: Description['sentence'], hint: string): Description => ({
  kind: 'Proxy',
  sentence,
  hint,
  requestSent: false,
});

const checkAddress = 'Check host and port in HTTPS_PROXY or HTTP_PROXY, and that the proxy is running.';

/** The proxy does not do what is asked, in a way that says no more. */
export const proxyFailed = ofProxy(
  (host) => `The proxy did not connect to ${host}.`,
  'Check the proxy settings, and that the proxy allows this host.',
);

/** 407, whatever it came to. */
export const proxyWantsLogin = ofProxy(
  (host) => `A proxy on the way to ${host} demands a login.`,
  'Put the right user name and password into the URL in HTTPS_PROXY or HTTP_PROXY; only Basic authentication is supported.',
);

const proxyForbids = ofProxy(
  (host) => `The proxy refuses to connect to ${host}.`,
  'Allow the host in the proxy, or except it from the proxy with NO_PROXY.',
);

const cannotReach = ofProxy(
  (host) => `The proxy reports that it can't reach ${host}.`,
  'Check the host and port in the URL, and that the proxy can resolve and reach it; for a host that needs no proxy, set NO_PROXY.',
);

const wantsSignIn = ofProxy(
  (host) => `The proxy for ${host} sends to a sign-in page instead of connecting.`,
  'Let the operator through without a sign-in on a web page, or give another proxy in HTTPS_PROXY.',
);

const noProxy = ofProxy(
  (host) => `What answers at the address of the proxy for ${host} does not act as a proxy for https.`,
  checkAddress,
);

const unresolved = ofProxy(
  (host) => `The name of the proxy for ${host} could not be resolved.`,
  checkAddress,
);

const noConnection = ofProxy((host) => `No connection to the proxy for ${host} could be made.`, checkAddress);

const untrusted = ofProxy(
  (host) => `The proxy for ${host} presents a certificate that is not trusted.`,
  'Check HTTPS_PROXY, and add the authority of the proxy to the certificates that the operator trusts (--ca-file).',
);

const noTls = ofProxy(
  (host) => `No TLS connection to the proxy for ${host} could be made.`,
  'Most proxies are spoken to in plain http, also for https: write http:// in HTTPS_PROXY.',
);

const timeout: Description = {
  kind: 'Timeout',
  sentence: (host) => `No connection to ${host} was made through the proxy in time.`,
  hint: 'Check that the proxy in HTTPS_PROXY answers and can reach the host; for a host that needs no proxy, set NO_PROXY.',
  requestSent: false,
};

const noTlsBehind: Description = {
  kind: 'TlsOther',
  sentence: (host) => `What came from ${host} through the proxy is not TLS.`,
  hint: 'Check the port in the URL, and that the proxy passes on the connection instead of answering itself.',
  requestSent: false,
};

/** What a failure means whose socket is the one to the proxy. `meaning` is what it would mean at a server. */
export function failureAtProxy(meaning: Description | undefined): Description {
  if (meaning?.kind === 'Dns') return unresolved;
  if (meaning?.kind === 'TlsUntrusted') return untrusted;
  return meaning?.kind === 'TlsOther' ? noTls : noConnection;
}

/** What a failure behind a proxy means, where it says something else than it does without one. */
export function failureBehindProxy(meaning: Description): Description {
  if (meaning.kind === 'Dns' || meaning.kind === 'Refused') return proxyFailed;
  if (meaning.kind === 'Timeout') return meaning.requestSent ? meaning : timeout;
  return meaning.isPlain ? noTlsBehind : meaning;
}

/** For an answer of the proxy's that is not HTTP. */
export const notAProxy = noProxy;

/**
 * What a proxy answered: to CONNECT something else than 200, which undici reports as an abort (nothing here uses undici's
 * own), or 407 to a request in plain http. https://github.com/nodejs/undici/blob/main/lib/dispatcher/proxy-agent.js
 */
export function tunnelFailure(code: string, text: string): Description | undefined {
  if (code !== 'UND_ERR_ABORTED' && code !== 'UND_ERR_INVALID_ARG') return undefined;
  const found = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(text);
  const status = Number(found?.[1] ?? found?.[2]);
  if (Number.isNaN(status)) return code === 'UND_ERR_ABORTED' ? proxyFailed : undefined;
  if (status === 407) return proxyWantsLogin;
  if ([401, 403, 451].includes(status)) return proxyForbids;
  if ([502, 503, 504].includes(status)) return cannotReach;
  if (status === 511 || (status >= 300 && status < 400)) return wantsSignIn;
  return [400, 404, 405, 501].includes(status) || status < 300 ? noProxy : proxyFailed;
}
