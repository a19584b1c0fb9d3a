import { isJson } from '../../domain/value-shape.ts';

/** A fault of a text, by the offset in it. It never quotes the text, which may be a Secret's. */
interface TextFault {
  offset: number;
  message: string;
  hint: string;
}

/** The text of one document, as kubectl cuts a file. */
export interface DocumentText {
  text: string;
  /** Lines of the file before it. */
  linesBefore: number;
  /** Why Kubernetes would not read it, or would read something else than what an editor shows. */
  fault: TextFault | undefined;
}

/**
 * Cuts a text where a line begins with three dashes, as kubectl does before it parses anything: a fault of one document
 * leaves the others readable. Documents of blanks only are left out.
 * https://github.com/kubernetes/apimachinery/blob/v0.35.0/pkg/util/yaml/decoder.go
 */
export function* documentTexts(text: string): Generator<DocumentText> {
  let linesBefore = 0;
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf('\n---', start);
    const end = next < 0 ? text.length : next + 1;
    const whole = text.slice(start, end);
    const { body, fault } = withoutSeparator(whole);
    const above = lineEnds(whole) - lineEnds(body);
    if (fault) yield { text: whole, linesBefore, fault };
    else
      for (const part of jsonValues(body, linesBefore + above))
        if (part.text.trim() !== '') yield { ...part, fault: faultOf(part.text) };
    linesBefore += lineEnds(whole);
    start = end;
  }
}

/**
 * Values of JSON one after the other, as `jq` and `kubectl get --output json` write them, each with blanks before it that
 * keep its column. Any other text as it is.
 */
function* jsonValues(text: string, linesBefore: number): Generator<Omit<DocumentText, 'fault'>> {
  const whole = { text, linesBefore };
  if (!/^\s*\{/.test(text)) return void (yield whole);
  const ends = valueEnds(text);
  if (ends.length < 2) return void (yield whole);
  const starts = [0, ...ends];
  const values = starts.map((start, index) => text.slice(start, ends[index]));
  if (!values.every((value) => value.trim() === '' || isJson(value))) return void (yield whole);
  let lines = linesBefore;
  for (const [index, value] of values.entries()) {
    const start = starts[index] ?? 0;
    const column = start - (text.lastIndexOf('\n', start - 1) + 1);
    yield { text: ' '.repeat(start === 0 ? 0 : column) + value, linesBefore: lines };
    lines += lineEnds(value);
  }
}

/** Where objects of JSON end that are in no other. */
function valueEnds(text: string): number[] {
  const ends: number[] = [];
  let depth = 0;
  for (const { 0: found, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g))
    if (found === '{') depth += 1;
    else if (found === '}' && --depth === 0) ends.push(index + 1);
  return ends;
}

function withoutSeparator(whole: string): { body: string; fault?: TextFault } {
  if (!whole.startsWith('---')) return { body: whole };
  const lineEnd = whole.indexOf('\n');
  const line = lineEnd < 0 ? whole : whole.slice(0, lineEnd);
  const rest = line.slice(3);
  if (!/^\s*$|^\s+#/.test(rest))
    return {
      body: whole,
      fault: { offset: 3, message: 'Text follows --- on its line.', hint: 'Move it to the next line.' },
    };
  const body = lineEnd < 0 ? '' : whole.slice(lineEnd + 1);
  // Files that were written one after the other may each begin with a byte order mark.
  return { body: body.replace(/^\uFEFF+/, '') };
}

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** What go-yaml refuses anywhere, also in comments: https://yaml.org/spec/1.1/#id868524 */
const refused = /(?![\t\n\r\u0085])\p{Cc}|[\ufffe\uffff]/u;

/**
 * Line breaks of YAML 1.1 that editors and the parser of lint don't know. Behind one, a field can hide in what looks like
 * a comment.
 */
const hiddenLineBreak = /[\u0085\u2028\u2029]|\r(?!\n)/;

/** The end of a document before anything of it. */
const endFirst = /^(?:[ \t]*(?:#.*)?\r?\n)*\.\.\.(?=\s|$)/;

const directive = /^(?:[ \t]*(?:#.*)?\r?\n)*%/;

function faultOf(text: string): TextFault | undefined {
  const control = refused.exec(text);
  if (control)
    return {
      offset: control.index,
      message: 'There is a control character, which Kubernetes rejects.',
      hint: 'Remove it, or escape it in double quotes.',
    };
  const hidden = hiddenLineBreak.exec(text);
  // JSON has no comments, and these characters break no line of it.
  if (hidden && !isJson(text))
    return {
      offset: hidden.index,
      message: 'There is a character that Kubernetes reads as a line break and editors do not show as one.',
      hint: 'Remove it, or escape it in double quotes.',
    };
  const found = directive.exec(text);
  if (found)
    return {
      offset: found[0].length - 1,
      message: 'Kubernetes does not read YAML directives.',
      hint: 'Remove it.',
    };
  const end = endFirst.exec(text);
  if (end)
    return {
      offset: end[0].length - 3,
      message: 'A document ends (...) before it has begun.',
      hint: 'Remove the line.',
    };
  return undefined;
}
