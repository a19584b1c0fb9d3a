/**
 * A TCP port as everyone reads it alike: 1 to 65535, in decimal, without a sign or leading zeros. Part of a regular
 * expression of Go and JavaScript: the CRDs and the chart's schema have it, too.
 */
export const PORT_PATTERN =
  '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/**
 * A URL up to its path, with such a port or none. Parsers of URLs differ on the rest: one takes `:`, `:0` and `:0443`,
 * another `:99999`.
 */
export const URL_PORT_PATTERN = `^[A-Za-z]+://([^/?#]*@)?([^/?#:@\\[\\]]*|\\[[^/?#@\\[\\]]*\\])(:${PORT_PATTERN})?([/?#]|$)`;

const port = new RegExp(`^${PORT_PATTERN}$`);
const urlPort = new RegExp(URL_PORT_PATTERN);

/** Whether `text` is a {@link PORT_PATTERN port}. */
export function isPort(text: string): boolean {
  return port.test(text);
}

/** Whether the port of `url` is {@link PORT_PATTERN one}, or left out. False as well for what is no URL with a host. */
export function hasPortOrNone(url: string): boolean {
  return urlPort.test(url);
}
