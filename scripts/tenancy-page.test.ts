import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const docs = join(import.meta.dirname, '..', 'docs');
const page = readFileSync(join(docs, 'tenancy.md'), 'utf8');

/** The rows of the table of threats: what a tenant tries, what stops it, and the tests that show it. */
const rows = (page.split(/^## Threats$/m)[1]?.split(/^## /m)[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (---|A tenant)/.test(line))
  .map((line) => line.slice(2, -2).split(' | '))
  .map(([threat = '', protection = '', proof = '']) => ({ threat, protection, proof }));

/** Links to tests, each named by words of the test's title. */
const proofs = rows.flatMap(({ threat, proof }) =>
  [...proof.matchAll(/\[([^\]]+)\]\((\.\.\/[^)]+\.test\.ts)\)/g)].map(([, title = '', path = '']) => ({
    threat,
    title,
    path,
  })),
);

/** What a title may become whose parts come from a table: `refuses a $kind with $name`. */
function patternOf(title: string): RegExp {
  const parts = title.split(/\$\{?[\w.]+\}?|%s/);
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('.+')}$`);
}

describe('docs/tenancy.md', () => {
  it('has a promise in each row', () => {
    expect(rows.length).toBeGreaterThan(15);
    for (const { protection } of rows) expect(protection.length).toBeGreaterThan(10);
  });

  it.each(rows)('names a test that shows it: $threat', ({ threat }) => {
    expect(proofs.filter((proof) => proof.threat === threat)).not.toEqual([]);
  });

  it.each(proofs)('names a test that there is: $title', ({ title, path }) => {
    const source = readFileSync(join(docs, path), 'utf8');
    const titles = [...source.matchAll(/(?:\bit|\bdescribe|\)|\})\(\s*(['"`])(.*?)\1,/gs)].map(
      ([, , text = '']) => text,
    );
    expect(titles.filter((each) => each.includes(title) || patternOf(each).test(title))).not.toEqual([]);
  });
});
