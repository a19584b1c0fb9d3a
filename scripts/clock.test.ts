import { expect, it } from 'vitest';
import { visitSources } from '../test/harness/source-code.ts';

/*
 * What reads a clock or waits takes the `Clock` of src/lib/clock.ts, or a `now` for the time of day, so that a test stops a
 * whole unit by one clock.
 */

/** Files that use a timer or a clock of Node.js itself, and why. */
const exempt: Readonly<Record<string, string>> = {
  'src/lib/clock.ts': 'It is the clock.',
  'src/kube/lease-stand-in-thread.ts':
    'A thread that is tested as a whole, with a Lease as short as the test wants.',
  'src/main.ts': 'Ends a process that hangs while it stops; its timer holds up no process that does not.',
};

const timers = /^(setTimeout|setInterval|Date\.now|performance\.now)\(|^new Date\(\)$/;

it('nothing but the clock reads the time or sets a timer', () => {
  const found = new Set<string>();
  visitSources((node, file, text) => {
    const isCall = node.type === 'CallExpression' || node.type === 'NewExpression';
    const isImport = node.type === 'ImportDeclaration' && /\b(setTimeout|setInterval)\b/.test(text);
    if ((isCall && timers.test(text)) || isImport) found.add(file);
  });
  expect(
    [...found].filter((file) => !(file in exempt)),
    'Take a Clock of src/lib/clock.ts',
  ).toEqual([]);
  expect(
    Object.keys(exempt).filter((file) => !found.has(file)),
    'They use none any more',
  ).toEqual([]);
});
