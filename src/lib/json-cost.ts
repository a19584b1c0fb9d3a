const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** What a JSON text may consist of, see {@link jsonExcess}. */
export interface JsonBounds {
  /** Numbers, strings, members, arrays and objects, all together. */
  maxValues: number;
  /** Arrays and objects in each other. */
  maxDepth: number;
}

/**
 * Which of the bounds a JSON text is beyond, if any. The length of a text says little about what it costs to parse:
 * two MiB of small objects take a hundred times as long as one string of that length. Each byte is read once.
 */
export function jsonExcess(
  bytes: Uint8Array,
  { maxValues, maxDepth }: JsonBounds,
): 'values' | 'depth' | undefined {
  const { length } = bytes;
  let values = 1;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      for (at++; at < length && bytes[at] !== quote; at++) if (bytes[at] === backslash) at++;
    } else if (byte === openBracket || byte === openBrace) {
      values++;
      depth++;
      if (depth > maxDepth) return 'depth';
    } else if (byte === closeBracket || byte === closeBrace) depth--;
    else if (byte === comma) values++;
    if (values > maxValues) return 'values';
  }
  return undefined;
}
