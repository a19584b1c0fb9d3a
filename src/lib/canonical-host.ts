/**
 * A URL with its host in the one form that is compared everywhere: lower case, ASCII (`ｇithub.com` is `github.com`,
 * other scripts become `xn--…`), numbers as the address that they mean (`0x7f.1`), no percent-encoding, no dot behind
 * it and no port that is the default. The path keeps its form, except for what a URL can't contain.
 *
 * Whatever is compared, called or sent on is this form. Otherwise a spelling would pass as one host here and lead to
 * another elsewhere.
 *
 * @param text an absolute http or https URL without user name, query and fragment
 * @throws TypeError if it is none
 */
export function withCanonicalHost(text: string): string {
  const { protocol, hostname, port, pathname } = new URL(text);
  const host = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  const path = pathname === '/' && !text.endsWith('/') ? '' : pathname;
  return `${protocol}//${host}${port === '' ? '' : `:${port}`}${path}`;
}
