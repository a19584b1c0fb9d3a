import { withoutCredentials } from './redact.ts';

/** What a command reads from and writes to, so that a test can give it anything. */
export interface Io {
  /** Writes to standard output, as it is. */
  out(text: string): void;
  /** Writes a line to standard error: what goes on, and what went wrong. */
  err(line: string): void;
  /** Shows on a terminal what long work is at; the next line replaces it. Writes nothing without a terminal. */
  progress(text: string): void;
  /** The whole of standard input, at most 32 MiB. @throws CliError for more */
  stdin(): Promise<Uint8Array>;
  env: Readonly<Record<string, string | undefined>>;
  /** Columns of the terminal that standard output is at present; undefined for a file or a pipe. */
  readonly columns: number | undefined;
  /** Calls back each time that the terminal has another size. */
  onResize(listener: () => void): void;
  /** Epoch milliseconds. */
  now(): number;
  /**
   * Asks a question on the terminal: true for yes, false for any other answer and for the end of the input. Undefined
   * without a terminal, where nothing is asked.
   */
  confirm(question: string): Promise<boolean | undefined>;
  /** Resolves after that time. @throws the signal's reason */
  sleep(ms: number): Promise<void>;
  /** Aborts at Ctrl-C. */
  signal: AbortSignal;
}

/** What the command line can't do as asked: one sentence and a hint on one line, without a stack trace. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(what: string, hint: string, exitCode: number = exitCodes.failed) {
    super(sentence(`${what} ${hint}`.trim()));
    this.exitCode = exitCode;
  }
}

/** What the exit codes mean; docs/cli.md lists them. Those of signals are the shell's: 128 and the number of the signal. */
export const exitCodes = {
  ok: 0,
  /** The answer is no: findings, a rejected credential, an integration that is not Ready, a difference. */
  negative: 1,
  /** The command could not do its work: bad arguments, a file or cluster that can't be read. */
  failed: 2,
  interrupted: 130,
  terminated: 143,
} as const;

/** How objects are printed. */
export const outputFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;

/** One of {@link outputFormats}. */
export type OutputFormat = (typeof outputFormats)[number];

/** Whether to color what goes to standard output: https://no-color.org, and a terminal. */
function hasColors({ env, columns }: Pick<Io, 'env' | 'columns'>): boolean {
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return columns !== undefined;
}

type Color = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

const codes: Record<Color, [number, number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  bold: [1, 22],
  dim: [2, 22],
};

/** Moves to the top of the terminal and clears it. */
export const clearScreen = '\u001B[H\u001B[J';

/** Colors a text, or gives it back as it is. */
export type Paint = (color: Color, text: string) => string;

/** Makes the function that colors, for one output. */
export function painter(io: Pick<Io, 'env' | 'columns'>): Paint {
  if (!hasColors(io)) return (_color, text) => text;
  return (color, text) => `\u001B[${codes[color][0]}m${text}\u001B[${codes[color][1]}m`;
}

/** How long ago, or how long until, in kubectl's short form: `5s`, `12m`, `3h`, `9d`. */
export function shortAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** `1 error`, `2 errors`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Characters that a terminal obeys instead of showing them, or that end a line: controls, format characters, separators. */
export const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text from a file or a server for a terminal: control characters could write over what is there, or pretend to be the
 * user. Without what is certainly a credential, and cut to `max` characters.
 */
export function printable(text: string, max = 80): string {
  // Further on than any credential reaches that begins in what is shown.
  const plain = withoutCredentials(text.slice(0, max + 16_384)).replaceAll(unprintable, '?');
  // A letter outside of the basic plane is two units, of which one alone is no text.
  return plain.length > max ? `${plain.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : plain;
}

/** A whole sentence, on one line. */
export function sentence(text: string): string {
  return printable(text, 4096);
}

const escape = '\u001B';

/** What follows an escape character in the sequences that this program writes: its colors, and what clears the screen. */
const ownSequences: readonly string[] = [
  ...Object.values(codes).flatMap(([on, off]) => [`[${on}m`, `[${off}m`]),
  ...clearScreen.split(escape).slice(1),
];

/**
 * What may reach a terminal of a text: everything but control characters, format characters, escape sequences that this
 * program does not write, and what is certainly a credential. The last line of defense: what comes from outside goes through {@link printable} before.
 */
export function forTerminal(text: string): string {
  const [first = '', ...rest] = withoutCredentials(text).split(escape);
  const parts = rest.map((part) => {
    const own = ownSequences.find((sequence) => part.startsWith(sequence));
    return own === undefined ? `?${plain(part)}` : `${escape}${own}${plain(part.slice(own.length))}`;
  });
  return [plain(first), ...parts].join('');
}

/** Without control characters but line ends and tabs. */
function plain(text: string): string {
  return text.replaceAll(unprintable, (found) => (found === '\n' || found === '\t' ? found : '?'));
}
