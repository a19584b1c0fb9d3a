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
    else if (body.trim() !== '') yield { text: body, linesBefore: linesBefore + above, fault: faultOf(body) };
    linesBefore += lineEnds(whole);
    start = end;
  }
}

function withoutSeparator(whole: string): { body: string; fault?: TextFault } {
  if (!whole.startsWith('---')) return { body: whole };
  const lineEnd = whole.indexOf('\n');
  const line = lineEnd < 0 ? whole : whole.slice(0, lineEnd);
  const rest = line.slice(3).trim();
  if (rest !== '' && !rest.startsWith('#'))
    return {
      body: whole,
      fault: { offset: 3, message: 'Text follows --- on its line.', hint: 'Move it to the next line.' },
    };
  const body = lineEnd < 0 ? '' : whole.slice(lineEnd + 1);
  // Files that were written one after the other may each begin with a byte order mark.
  return { body: body.startsWith('\uFEFF') ? body.slice(1) : body };
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
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
