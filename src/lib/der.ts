/** One element of DER: its tag octet and its content, a view into the input. */
export interface DerElement {
  tag: number;
  content: Uint8Array;
}

/** The tags that keys and certificates are made of, ITU-T X.690, 8.1.2. */
export const derTag = { integer: 0x02, octetString: 0x04, oid: 0x06, sequence: 0x30 } as const;

/**
 * Splits bytes into the elements of DER that follow each other, without descending into them. It is only as much as is
 * needed to see what a key consists of before a crypto library spends time on it: lengths are definite and at most four
 * octets, tags are below 31. The cost is linear in the number of elements.
 *
 * @returns undefined for anything that is not DER from the first to the last byte, or has more than `maxElements`
 */
export function readDer(bytes: Uint8Array, maxElements: number): DerElement[] | undefined {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = readHeader(bytes, at);
    if (header === undefined || elements.length === maxElements) return undefined;
    const { tag, start, end } = header;
    elements.push({ tag, content: bytes.subarray(start, end) });
    at = end;
  }
  return elements;
}

function readHeader(bytes: Uint8Array, at: number): { tag: number; start: number; end: number } | undefined {
  const tag = bytes[at] ?? 0;
  const first = bytes[at + 1];
  if (first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const octets = first < 0x80 ? 0 : first - 0x80;
  // 0x80 is the indefinite length of BER.
  if (first === 0x80 || octets > 4) return undefined;
  const start = at + 2 + octets;
  let length = octets === 0 ? first : 0;
  for (const octet of bytes.subarray(at + 2, start)) length = length * 256 + octet;
  const end = start + length;
  return end > bytes.length ? undefined : { tag, start, end };
}

/** The number of bits of a non-negative INTEGER's content; undefined for a negative one, or one without content. */
export function integerBits(content: Uint8Array): number | undefined {
  const [sign] = content;
  if (sign === undefined || sign >= 0x80) return undefined;
  const first = content.findIndex((octet) => octet !== 0);
  if (first < 0) return 0;
  return (content.length - first) * 8 - Math.clz32(content[first] ?? 0) + 24;
}
