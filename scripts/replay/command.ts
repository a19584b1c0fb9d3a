import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { readRecordings, type Verdict } from './recording.ts';
import { replay } from './replay.ts';

const usage = `npm run replay -- DIR|FILE [--update]

Replays the recorded exchanges with Git hosts in DIR/*.json or FILE through the operator's own code and prints what it would
report. Ends with 1 where a file holds another verdict, or no answer to a call. --update writes the verdicts.
CONTRIBUTING.md describes the files. Nothing leaves this machine.
`;

/**
 * `npm run replay`.
 *
 * @param write gets the lines to show
 * @returns the exit code
 */
export async function replayFolder(args: string[], write: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { update: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  const [folder, ...rest] = positionals;
  if (values.help || folder === undefined || rest.length > 0) {
    write(usage);
    return values.help ? 0 : 2;
  }
  let failures = 0;
  for (const { path, source, recording } of await readRecordings(folder)) {
    const { verdict, unrecorded } = await replay(recording);
    write(`\n${basename(path)}: ${recording.title}`);
    for (const line of describe(verdict)) write(line);
    for (const call of unrecorded) write(`  ! The recording has no answer to ${call}`);
    const differs = recording.verdict !== undefined && !isDeepStrictEqual(recording.verdict, verdict);
    if (differs && !values.update) {
      write('  ! The file holds another verdict:');
      for (const line of describe(recording.verdict ?? verdict)) write(line);
    }
    if (unrecorded.length > 0 || (differs && !values.update)) failures += 1;
    else if (values.update)
      await writeFile(path, `${JSON.stringify({ ...source, verdict }, undefined, 2)}\n`);
  }
  return failures > 0 ? 1 : 0;
}

function describe({ condition, status, reason, message, retry, found, calls }: Verdict): string[] {
  return [
    `  ${condition}=${status} ${reason}`,
    ...(message === undefined ? [] : [`  ${message}`]),
    ...(found ? [`  found: ${JSON.stringify(found)}`] : []),
    `  retry: ${retry}; calls: ${calls.join(', ')}`,
  ];
}
