/** What a figure is: how it is shown, and what it may be. */
interface Figure {
  text: string;
  unit: '' | 'ms' | 'MiB';
  /** Varies from round to round, so that minimum, median and maximum are kept; otherwise the worst is. */
  varies?: true;
  /** The most it may be; undefined: it only explains others. */
  budget?: (n: number) => number;
}

/** Everything that is measured, in the order of the table. docs/performance.md says what each one means. */
const figures = {
  limitMs: { text: 'bare loop: the writes alone', unit: 'ms', varies: true },
  operatorMs: { text: 'cold start until all are Ready', unit: 'ms', varies: true },
  ratioToLimit: { text: 'the second over the first', unit: '', varies: true, budget: () => 1.5 },
  startupMs: { text: 'of it until /readyz', unit: 'ms', varies: true },
  cpuMsPerIntegration: { text: 'CPU of the operator per integration', unit: 'ms', varies: true },
  reconcileP50Ms: { text: 'one reconcile while starting, median', unit: 'ms', varies: true },
  reconcileP99Ms: { text: 'one reconcile while starting, 99%', unit: 'ms', varies: true },
  objectWritesPerIntegration: { text: 'writes to its object per integration', unit: '', budget: () => 2 },
  objectVersionsPerIntegration: { text: 'of them changed something', unit: '' },
  eventWritesPerIntegration: { text: 'writes of events per integration', unit: '', budget: () => 1 },
  secretReadsPerIntegration: { text: 'reads of Secrets per integration', unit: '' },
  reconcilesPerIntegration: { text: 'passes per integration', unit: '' },
  providerCallsForSharedCredential: { text: 'calls to GitHub', unit: '', budget: () => 1 },
  codemieCreates: { text: 'creates at CodeMie', unit: '', budget: (n) => n },
  codemieListPages: { text: 'listings read from CodeMie', unit: '' },
  codemieCalls: { text: 'all calls to CodeMie', unit: '' },
  idleWrites: { text: 'writes while idle', unit: '', budget: () => 0 },
  rssMiB: { text: 'memory of the operator when all are Ready', unit: 'MiB', budget: () => 250 },
  rssPeakMiB: { text: 'memory of the operator, peak', unit: 'MiB' },
  metricsSeries: { text: 'series on /metrics', unit: '' },
  secretToCodeMieMs: {
    text: 'one Secret changed until CodeMie has it',
    unit: 'ms',
    varies: true,
    budget: () => 2000,
  },
  rotationMs: { text: 'shared token changed until CodeMie has all', unit: 'ms', varies: true },
  rotationProviderCalls: { text: 'calls to GitHub for that', unit: '', budget: () => 1 },
  rotationCodemieCalls: { text: 'calls to CodeMie for that', unit: '' },
  rotationObjectWrites: { text: 'writes per integration for that', unit: '' },
  resyncMs: { text: 'check all again', unit: 'ms', varies: true },
  resyncP50Ms: { text: 'one reconcile of that, median', unit: 'ms', varies: true },
  resyncP99Ms: { text: 'one reconcile of that, 99%', unit: 'ms', varies: true },
  editDuringResyncMs: {
    text: "a user's edit in the meantime until it is Ready",
    unit: 'ms',
    varies: true,
    budget: () => 2000,
  },
  limitApiServerCpuMs: { text: 'CPU of API server and etcd per integration, bare loop', unit: 'ms' },
  startApiServerCpuMs: { text: 'CPU of API server and etcd per integration, operator', unit: 'ms' },
  startPeersCpuMs: { text: 'CPU of the servers around it per integration', unit: 'ms' },
  limitBusyShare: { text: 'share of all cores in use, bare loop', unit: '' },
  startBusyShare: { text: 'share of all cores in use, operator', unit: '' },
  limitOthersShare: { text: 'of it by others, bare loop', unit: '' },
  startOthersShare: { text: 'of it by others, operator', unit: '' },
  pieceMs: { text: 'a fixed piece of work', unit: 'ms', varies: true },
} as const satisfies Record<string, Figure>;

/** The name of a figure in results.json. */
type FigureName = keyof typeof figures;

/** What one round measured. Some things are measured in one round only. */
export type RoundFigures = Partial<Record<FigureName, number>>;

/** Over all rounds. */
interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The figures of a run. */
export type Summary = Partial<Record<FigureName, number | Spread>>;

/** Puts the rounds together. */
export function summarize(rounds: readonly RoundFigures[]): Summary {
  const summary: Summary = {};
  for (const name of names()) {
    const spread = spreadOf(rounds.flatMap((round) => round[name] ?? []));
    if (spread) summary[name] = describe(name).varies ? spread : spread.max;
  }
  return summary;
}

/** Undefined for no values. */
function spreadOf(unsorted: readonly number[]): Spread | undefined {
  const values = unsorted.toSorted((a, b) => a - b);
  const [min, max] = [values[0], values.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const median = (at(values, (values.length - 1) >> 1) + at(values, values.length >> 1)) / 2;
  return { min: rounded(min), median: rounded(median), max: rounded(max) };
}

/**
 * A table of the summary for a terminal. Marks what exceeds its budget, judged by the median.
 *
 * @param trusted false: the times say nothing, so they get no verdict; counts do all the same
 */
export function table(summary: Summary, n: number, trusted: boolean): string {
  const rows = names().flatMap((name) => {
    const value = summary[name];
    if (value === undefined) return [];
    const { text, unit, budget, varies } = describe(name);
    const shown = typeof value === 'number' ? `${value}` : `${value.median}`;
    const spread = typeof value === 'number' ? '' : `${value.min} to ${value.max}`;
    const untrusted = budget ? 'no verdict' : '';
    const judged = trusted || !varies ? verdict(value, budget?.(n)) : untrusted;
    return [[text, shown, unit, spread, judged]];
  });
  return aligned(rows, [1]);
}

/**
 * A table of times and memory of two programs that ran by turns: the median of each, and what the second is of the first,
 * as median and from least to most over the pairs of rounds.
 */
export function comparison(before: readonly RoundFigures[], after: readonly RoundFigures[]): string {
  const rows = names().flatMap((name) => {
    const { text, unit, varies } = describe(name);
    const pairs = after.flatMap((figures, round) => {
      const [present, former] = [figures[name], before[round]?.[name]];
      return present === undefined || !former ? [] : [{ present, former }];
    });
    const former = spreadOf(pairs.map((pair) => pair.former));
    const present = spreadOf(pairs.map((pair) => pair.present));
    const ratio = spreadOf(pairs.map((pair) => pair.present / pair.former));
    if (!former || !present || !ratio || !(varies || unit === 'MiB')) return [];
    const medians = [former, present].map(({ median }) => String(median));
    return [[text, ...medians, unit, `${ratio.median}`, `${ratio.min} to ${ratio.max}`]];
  });
  return aligned([['', 'before', 'after', '', 'ratio', 'least to most'], ...rows], [1, 2, 4]);
}

/** One row of a {@link spreadTable}. */
export interface SpreadRow<T> {
  name: string;
  of: (round: T) => number;
  unit?: string;
}

/** A table of what varies from round to round: minimum, median and maximum. */
export function spreadTable<T>(rounds: readonly T[], rows: readonly SpreadRow<T>[]): string {
  const lines = rows.flatMap(({ name, of, unit = '' }) => {
    const spread = spreadOf(rounds.map(of));
    return spread ? [[name, ...[spread.min, spread.median, spread.max].map(String), unit]] : [];
  });
  return aligned([['', 'least', 'median', 'most', ''], ...lines], [1, 2, 3]);
}

/** @param right the columns that hold numbers */
function aligned(rows: readonly string[][], right: readonly number[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const pad = (cell: string, column: number): string =>
    right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

function verdict(value: number | Spread, most: number | undefined): string {
  if (most === undefined) return '';
  const judged = typeof value === 'number' ? value : value.median;
  return judged <= most ? `at most ${most}` : `OVER ${most}`;
}

function describe(name: FigureName): Figure {
  return figures[name];
}

function names(): FigureName[] {
  return Object.keys(figures).filter((name): name is FigureName => name in figures);
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}

/** Three digits are more than a measurement on a shared machine can promise. */
function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
