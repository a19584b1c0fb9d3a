import type { Io } from './io.ts';

/** An {@link Io} that keeps what is written. */
export interface TestIo extends Io {
  stdout(): string;
  stderr(): string;
}

/** Makes one without a terminal, unless told otherwise. */
export function testIo(given: Partial<Omit<Io, 'stdin'>> & { stdin?: string | Uint8Array } = {}): TestIo {
  const { stdin = '', ...rest } = given;
  const written: Record<'out' | 'err', string[]> = { out: [], err: [] };
  return {
    out: (text) => void written.out.push(text),
    err: (line) => void written.err.push(`${line}\n`),
    progress: () => {},
    stdin: async () => Buffer.from(stdin),
    env: {},
    columns: undefined,
    now: () => Date.parse('2026-11-27T12:00:00Z'),
    confirm: async () => false,
    sleep: async () => {},
    signal: new AbortController().signal,
    ...rest,
    stdout: () => written.out.join(''),
    stderr: () => written.err.join(''),
  };
}
