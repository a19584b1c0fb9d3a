import { describe, expect, it } from 'vitest';
import { table } from './table.ts';

describe('a table', () => {
  const rows = [
    ['NAME', 'READY'],
    ['a', 'True'],
    ['bcd', 'False'],
  ];
  it('has columns as wide as their content', () =>
    expect(table(rows)).toBe('NAME   READY\na      True\nbcd    False\n'));
  it('is cut at the width of a terminal', () =>
    expect(table(rows, { columns: 10 })).toBe('NAME   RE…\na      Tr…\nbcd    Fa…\n'));

  it.each([
    ['Chinese', '团队', 4],
    ['Korean', '한글', 4],
    ['letters of full width', 'Ａ', 2],
    ['an emoji', '🚀', 2],
    ['an emoji of several', '👩‍💻', 2],
    ['a flag', '🇩🇪', 2],
    ['a letter with its accent apart', 'e\u0301', 1],
    ['Arabic', 'فريق', 4],
  ])('counts columns of a terminal: %s', (_name, cell, width) => {
    const [head = '', row = ''] = table([
      ['NAME', 'READY'],
      [cell, 'True'],
    ]).split('\n');
    const columns = Math.max(4, width) + 3;
    expect(head).toBe(`NAME${' '.repeat(columns - 4)}READY`);
    expect(row).toBe(`${cell}${' '.repeat(columns - width)}True`);
  });

  it.each([
    ['团队团队', 6, '团队…'],
    ['团队团队', 5, '团队…'],
    ['团队团队', 4, '团…'],
    ['a👩‍💻b', 3, 'a…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['🚀', 1, '…'],
    ['🚀', 0, ''],
  ])('cuts no letter in half: %s at %d', (cell, columns, shown) =>
    expect(table([[cell]], { columns })).toBe(`${shown}\n`),
  );
});
