/**
 * The bytes of base64 in its usual alphabet, with white space anywhere and padding or not; undefined for any other
 * text. (Node.js itself skips what is no base64, so that it may read other bytes than a crypto library does.)
 */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replaceAll(/\s/g, '');
  const bytes = Buffer.from(compact, 'base64');
  return withoutPadding(bytes.toString('base64')) === withoutPadding(compact) ? bytes : undefined;
}

function withoutPadding(base64: string): string {
  if (base64.endsWith('==')) return base64.slice(0, -2);
  return base64.endsWith('=') ? base64.slice(0, -1) : base64;
}

/** Bytes as PEM (RFC 7468) in its strict form, without a newline at its end. */
export function toPem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,64}/g);
  return [`-----BEGIN ${label}-----`, ...(lines ?? []), `-----END ${label}-----`].join('\n');
}

/**
 * What is between the BEGIN and END lines of each block with this label. Text between blocks is skipped, as OpenSSL
 * does; a block without END ends the search. Each character is read once, whatever the text.
 */
export function pemBodies(label: string, text: string): string[] {
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  const bodies: string[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf(begin, at);
    const stop = start < 0 ? -1 : text.indexOf(end, start + begin.length);
    if (stop < 0) return bodies;
    bodies.push(text.slice(start + begin.length, stop));
    at = stop + end.length;
  }
}
