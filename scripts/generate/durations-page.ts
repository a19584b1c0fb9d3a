import { durationTable } from '../../src/lib/durations.ts';
import type { GeneratedFile } from './crd-files.ts';

/** The page of all durations, see `src/lib/durations.ts`. */
export function durationsPage(): GeneratedFile {
  const groups = Object.values(durationTable).map(({ title, entries }) => {
    const rows = Object.values(entries).map(
      ([ms, purpose]) => `| ${[ms].flat().map(readable).join(', ')} | ${purpose} |`,
    );
    return [`## ${title}`, '', '| Duration | What it is for |', '| --- | --- |', ...rows].join('\n');
  });
  return { path: 'docs/durations.md', content: `${[head, ...groups].join('\n\n')}\n` };
}

const head = `<!-- Made by \`npm run generate\` from src/lib/durations.ts. Do not edit. -->

# Durations

For anyone who asks why something happens when it does. These durations are fixed; those that you set are \`spec.syncInterval\`, \`spec.validation.interval\` and \`spec.validation.expiryWarning\` of a \`GitIntegration\` ([API reference](api-reference.md)), and the flags of the operator ([Install](install.md)).

After a failure, an object is reconciled again with exponential backoff: see the first and longest backoff below.`;

/** `1.5 s`, `15 min`: the largest unit in which it is a short number. */
function readable(ms: number): string {
  const [unit, size] = units.find(([, least]) => ms >= least) ?? ['ms', 1];
  return `${Number((ms / size).toFixed(2))} ${unit}`;
}

const units: readonly [name: string, ms: number][] = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];
