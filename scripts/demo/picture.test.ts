import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoPicture } from './picture.ts';

const escapeCharacter = String.fromCodePoint(27);
const inColor = (code: number, text: string): string =>
  `${escapeCharacter}[${code}m${text}${escapeCharacter}[39m`;

const output = `
── A cluster
not shown
── Apply the examples
$ kubectl apply -f examples/a.yaml
$ kubectl get gitintegrations -n team-a
NAME     READY   REASON
github   ${inColor(32, 'True')}    Ready
A remark.
── A token is rotated
✔ done <&>
── The next rotation goes wrong: it is revoked
${'a word '.repeat(20)}
── CodeMie is down
down
── What you have just seen
✔ all
`;

describe('the picture of the demo', () => {
  const picture = demoPicture(output);
  const lines = [...picture.matchAll(/<text .*?preserve">(.*)<\/text>/g)].map(([, line = '']) => line);

  it('shows the scenes with their colors, and of the first one the table alone', () => {
    expect(lines.slice(0, 4)).toEqual([
      '<tspan class="b">── Apply the examples</tspan>',
      '$ kubectl get gitintegrations -n team-a',
      'NAME     READY   REASON',
      'github   <tspan class="g">True</tspan>    Ready',
    ]);
    expect(picture).not.toContain('not shown');
    expect(picture).toContain('done &lt;&amp;&gt;');
  });

  it('wraps between words', () => {
    const long = lines.filter((line) => line.includes('a word'));
    expect(long.map((line) => line.length <= 100)).toEqual([true, true]);
  });

  it('names a scene that is missing', () => {
    expect(() => demoPicture(output.replace('A token is rotated', 'Else'))).toThrow('"A token is rotated"');
  });
});

it('docs/demo.svg is small, brings everything with it, and stands still for those who want that', () => {
  const svg = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'demo.svg'), 'utf8');
  expect(svg.length).toBeLessThan(150_000);
  expect(svg).toContain('prefers-reduced-motion: reduce');
  expect(svg).not.toMatch(/<script|<image|href=|url\(|@import/);
});
