import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const find = (path: string, pattern: RegExp): string[] =>
  [...read(path).matchAll(pattern)].map(([, version = '']) => version);

it('program, chart and image have one version', () => {
  const [version] = find('package.json', /^ {2}"version": "(.+)"/gm);
  const chart = 'charts/codemie-git-operator/Chart.yaml';
  expect(find(chart, /^(?:version|appVersion): (\S+)$/gm)).toEqual([version, version]);
  expect(find(chart, /codemie-git-operator:(\d\S*)$/gm)).toEqual([version]);
});
