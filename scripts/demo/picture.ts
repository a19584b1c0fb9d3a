import { stripVTControlCharacters } from 'node:util';

/** A piece of a line in one style. */
interface Span {
  text: string;
  style: string;
}

/** The sections of the demo that show the story at a glance, by the beginning of their headings, in their order. */
const scenes = [
  'Apply the examples',
  'A token is rotated',
  'The next rotation goes wrong',
  'CodeMie is down',
  'What you have just seen',
];
/** Each is shown for so long, but the last one, which is what stays on a page without motion. */
const secondsPerScene = 5;

const escapeCharacter = String.fromCodePoint(27);
const headings = new RegExp(`^(?:${escapeCharacter}\\[\\d+m)?── `, 'm');
const pieces = new RegExp(`${escapeCharacter}\\[(\\d+)m|[^${escapeCharacter}]+`, 'g');

const columns = 100;
const fontSize = 13;
const lineHeight = 19;
const columnWidth = 7.8;
const padding = 20;
const titleBar = 34;

/** By the number of the escape sequence. https://en.wikipedia.org/wiki/ANSI_escape_code#Colors */
const styles: Record<string, string> = { 1: 'b', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };

const css = `
text { font: ${fontSize}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre; }
.b { font-weight: bold; fill: #ffffff; } .r { fill: #ff7b72; } .g { fill: #56d364; } .y { fill: #e3b341; } .c { fill: #79c0ff; }
.title { fill: #8b98a9; }
.scene { opacity: 0; animation: show ${scenes.length * secondsPerScene}s infinite backwards; } .scene:last-of-type { opacity: 1; }
@keyframes show { 0% { opacity: 0 } 2%, ${100 / scenes.length - 1}% { opacity: 1 } ${100 / scenes.length}%, 100% { opacity: 0 } }
@media (prefers-reduced-motion: reduce) { .scene { animation: none } }
`;

/**
 * The picture of the README: what the demo printed, as a terminal that shows one scene after the other. It brings its own
 * background, names no file or font elsewhere, and shows the last scene to readers who asked for no motion and in programs that
 * have none.
 *
 * @param output of the demo, with its colors
 * @throws Error that names a scene which the output does not have
 */
export function demoPicture(output: string): string {
  const sections = output.split(headings).slice(1);
  const shown = scenes.map((heading) => {
    const section = sections.find((each) => each.startsWith(heading));
    if (section === undefined) throw new Error(`The demo has no scene "${heading}".`);
    return linesOf(heading === scenes[0] ? tableOf(section) : section);
  });
  const most = Math.max(...shown.map((lines) => lines.length));
  const width = Math.ceil(columns * columnWidth + 2 * padding);
  const height = titleBar + most * lineHeight + padding;
  const groups = shown.map(
    (lines, index) =>
      `<g class="scene" style="animation-delay:${index * secondsPerScene}s">\n${lines.map(draw).join('\n')}\n</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The demo in a terminal: integrations are registered, a token is rotated, a revoked one is kept out of CodeMie, and an outage is survived">
<style>${css}</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117" stroke="#30363d"/>
<circle cx="20" cy="17" r="5" fill="#ff5f57"/><circle cx="38" cy="17" r="5" fill="#febc2e"/><circle cx="56" cy="17" r="5" fill="#28c840"/>
<text class="title" x="${width / 2}" y="21" text-anchor="middle">npm run demo</text>
${groups.join('\n')}
</svg>
`;
}

/** The heading and the table of the integrations; before it is each file that was applied. */
function tableOf(section: string): string {
  const [heading = ''] = section.split('\n');
  const lines = section.split('\n');
  const from = lines.findLastIndex((line) => line.includes('$ kubectl get gitintegrations'));
  const rows = lines.slice(from + 1).filter((line) => / {3}/.test(line));
  return [heading, lines[from], ...rows].join('\n');
}

/** The lines of a section as they wrap in the terminal. */
function linesOf(section: string): Span[][] {
  const lines = `${escapeCharacter}[1m── ${section}`.trimEnd().split('\n').flatMap(wrap);
  return lines.map(spansOf);
}

/** Breaks between words. Escape sequences take no room. */
function wrap(line: string): string[] {
  const lines: string[] = [];
  let room = -1;
  for (const word of line.split(/(?<= )/)) {
    const length = stripVTControlCharacters(word).length;
    if (length > room && lines.length > 0 && room < columns && length < columns) room = -1;
    if (room < 0) {
      lines.push('');
      room = columns;
    }
    lines.push(`${lines.pop() ?? ''}${word}`);
    room -= length;
  }
  return lines;
}

function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let style = '';
  for (const [text, code] of line.matchAll(pieces))
    if (code === undefined) spans.push({ text, style });
    else style = styles[code] ?? '';
  return spans;
}

/** One line, as wide as its columns in any font. */
function draw(spans: Span[], index: number): string {
  const length = spans.reduce((sum, { text }) => sum + text.length, 0);
  if (length === 0) return '';
  const y = titleBar + (index + 0.75) * lineHeight;
  const parts = spans.map(({ text, style }) =>
    style === '' ? escape(text) : `<tspan class="${style}">${escape(text)}</tspan>`,
  );
  const size = `textLength="${Math.round(length * columnWidth)}" lengthAdjust="spacingAndGlyphs"`;
  return `<text x="${padding}" y="${Math.round(y)}" ${size} xml:space="preserve">${parts.join('')}</text>`;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
