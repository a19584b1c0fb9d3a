/**
 * Finding the parts of a JSON text without parsing all of it: `JSON.parse` creates objects for everything, and a few
 * MiB of small objects or keys hold the event loop for a second. What is found is a slice of the bytes, for
 * `JSON.parse`.
 *
 * Each byte is read once and nothing recurses, so the cost is linear and depth costs nothing. The text is not validated
 * beyond what is needed to find the ends of values; that is left to the parser of what is kept.
 */

/** From the first to behind the last byte of a value, maybe with white space behind it. */
export interface JsonSlice {
  start: number;
  end: number;
}

/** The bytes are no JSON. It says nothing of them. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';

  constructor() {
    super('The text is not JSON.');
  }
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const letterU = 0x75;

/** The elements of an array, one when asked for. @throws JsonFault also if the value is something else */
export function* jsonElements(bytes: Uint8Array, { start }: JsonSlice): Generator<JsonSlice> {
  let at = skipBlanks(bytes, expectByte(bytes, start, openBracket));
  if (bytes[at] === closeBracket) return;
  for (;;) {
    const end = valueEnd(bytes, at);
    yield { start: at, end };
    if (bytes[end] === closeBracket) return;
    at = skipBlanks(bytes, expectByte(bytes, end, comma));
  }
}

/** Calls back with each member of an object: its key, a string, and its value. @throws JsonFault as above */
export function eachMember(
  bytes: Uint8Array,
  { start }: JsonSlice,
  visit: (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void,
): void {
  let at = expectByte(bytes, start, openBrace);
  if (bytes[skipBlanks(bytes, at)] === closeBrace) return;
  for (;;) {
    const keyStart = skipBlanks(bytes, at);
    const keyEnd = stringEnd(bytes, keyStart);
    const valueStart = skipBlanks(bytes, expectByte(bytes, keyEnd, colon));
    const end = valueEnd(bytes, valueStart);
    visit(keyStart, keyEnd, valueStart, end);
    if (bytes[end] === closeBrace) return;
    at = expectByte(bytes, end, comma);
  }
}

/** The values of the named members of an object, as far as they are there; of doubles the last. @throws JsonFault */
export function fieldsOf<K extends string>(
  bytes: Uint8Array,
  object: JsonSlice,
  names: readonly K[],
): Partial<Record<K, JsonSlice>> {
  const found: Partial<Record<K, JsonSlice>> = {};
  eachMember(bytes, object, (keyStart, keyEnd, start, end) => {
    const name = names.find((each) => isText(bytes, keyStart, keyEnd, each));
    if (name !== undefined) found[name] = { start, end };
  });
  return found;
}

/** All of a text. */
export function wholeSlice(bytes: Uint8Array): JsonSlice {
  return { start: 0, end: bytes.length };
}

/** The text of a slice. */
export function sliceText(bytes: Uint8Array, { start, end }: JsonSlice): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** A slice as `JSON.parse` reads it. The caller has bounded its length. @throws JsonFault */
export function parseSlice(bytes: Uint8Array, slice: JsonSlice): unknown {
  return parseText(sliceText(bytes, slice));
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new JsonFault();
  }
}

/** Whether the string between the two places is that text, which is ASCII, however it is escaped. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const { length } = text;
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + 1 + index];
    if (byte === text.charCodeAt(index)) continue;
    return byte === backslash && isEscapedText(bytes, start, end, text);
  }
  return bytes[start + 1 + length] === quote;
}

function isEscapedText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  // Each character may be written as \u0061.
  return end - start <= text.length * 6 + 2 && parseSlice(bytes, { start, end }) === text;
}

/**
 * The JSON of a value of at most so many characters: a longer string loses its end, and anything else becomes `null`
 * where it is longer.
 */
export function shortText(bytes: Uint8Array, slice: JsonSlice, maxChars: number): string {
  const { start, end } = slice;
  if (end - start <= maxChars) return sliceText(bytes, slice);
  if (bytes[start] !== quote) return 'null';
  let at = start + 1;
  for (let count = 0; count < maxChars && bytes[at] !== quote; count++) {
    if (bytes[at] === backslash) at += bytes[at + 1] === letterU ? 6 : 2;
    else at += utf8Length(bytes[at] ?? 0);
  }
  return `${sliceText(bytes, { start, end: at })}"`;
}

/**
 * The values of members that {@link fieldsOf} found, each as {@link shortText} leaves it.
 *
 * @throws JsonFault
 */
export function parseFields(
  bytes: Uint8Array,
  fields: Readonly<Record<string, JsonSlice | undefined>>,
  maxChars: number,
): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const [name, slice] of Object.entries(fields))
    if (slice) parsed[name] = parseText(shortText(bytes, slice, maxChars));
  return parsed;
}

/** Whether a value is `null`, which is written in no other way. */
export function isNull(bytes: Uint8Array, { start }: JsonSlice): boolean {
  return bytes[start] === 0x6e;
}

/** How many bytes the character has that begins with this one: RFC 3629, section 3. */
function utf8Length(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** Behind a value and the white space after it: at a comma, a closing bracket, or the end of the text. */
function valueEnd(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  let depth = 0;
  let at = start;
  while (at < length) {
    const byte = bytes[at];
    if (byte === quote) {
      at = stringEnd(bytes, at);
      continue;
    }
    if (depth === 0 && (byte === comma || byte === closeBrace || byte === closeBracket)) break;
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) depth--;
    at++;
  }
  if (depth > 0 || at === start) throw new JsonFault();
  return at;
}

/** Behind the closing quote of the string that begins at `start`. */
function stringEnd(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== quote) throw new JsonFault();
  const { length } = bytes;
  let at = start + 1;
  while (at < length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  if (at >= length) throw new JsonFault();
  return at + 1;
}

function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  // Blank, tab, line feed, carriage return: RFC 8259, section 2.
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d) at++;
  return at;
}

/** Behind the byte that has to be the next one but for white space. */
function expectByte(bytes: Uint8Array, start: number, expected: number): number {
  const at = skipBlanks(bytes, start);
  if (bytes[at] !== expected) throw new JsonFault();
  return at + 1;
}

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
