import { PythonError, typeName } from './python.ts';

/**
 * What CodeMie stores for a URL: one that ends in `.git` as it was sent, unchecked; any other cut to
 * `scheme://host[:port]` with Python's `urlparse`, hence the odd cases: a trailing blank stays, brackets of
 * IPv6 go, a default port stays, line breaks vanish.
 *
 * Source: `get_url_domain` and `_prepare_cred_values` of codemie-ai/codemie at 2a481c2, run.
 *
 * @throws PythonError with the text that CodeMie answers
 */
export function canonicalUrl(sent: unknown): string {
  if (typeof sent !== 'string') {
    throw new PythonError(`'${typeName(sent)}' object has no attribute 'endswith'`);
  }
  if (sent.endsWith('.git')) {
    return sent;
  }
  const { scheme, authority } = split(sent);
  if (scheme === '' || authority === '') {
    throw new PythonError('Invalid URL provided.');
  }
  const { host, port } = hostAndPort(authority);
  return port === undefined ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

/** `urllib.parse.urlsplit`, as far as it matters here. */
function split(text: string): { scheme: string; authority: string } {
  // oxlint-disable-next-line no-control-regex -- urlsplit strips C0 controls and blanks at the start
  const url = text.replace(/^[\u0000-\u0020]+/, '').replaceAll(/[\t\r\n]/g, '');
  const [, scheme = '', rest = url] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(url) ?? [];
  const [, authority = ''] = /^\/\/([^/?#]*)/.exec(rest) ?? [];
  return { scheme: scheme.toLowerCase(), authority };
}

function hostAndPort(authority: string): { host: string; port: number | undefined } {
  const afterUser = authority.slice(authority.lastIndexOf('@') + 1);
  const bracketed = /^[^[]*\[([^\]]*)\](?:[^:]*:(.*))?/.exec(afterUser);
  const colon = afterUser.indexOf(':');
  const [host, port] =
    bracketed === null
      ? [colon < 0 ? afterUser : afterUser.slice(0, colon), colon < 0 ? '' : afterUser.slice(colon + 1)]
      : [bracketed[1] ?? '', bracketed[2] ?? ''];
  return { host: host.toLowerCase(), port: port === '' ? undefined : portNumber(port) };
}

function portNumber(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new PythonError(`Port could not be cast to integer value as '${text}'`);
  }
  const port = Number(text);
  if (port > 65_535) {
    throw new PythonError('Port out of range 0-65535');
  }
  return port;
}
