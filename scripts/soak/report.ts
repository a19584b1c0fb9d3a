/** What a process held at one moment. */
export interface Sample {
  /** Hours of the operator's time since the start. */
  hours: number;
  rssMiB: number;
  heapMiB: number;
  /** Open file descriptors, sockets included. */
  descriptors: number;
  sockets: number;
  timers: number;
}

/** What a soak measured. */
export interface SoakReport {
  integrations: number;
  samples: readonly Sample[];
  /** Integrations that were Stalled at some time, with the reason: always wrong, as every credential is good. */
  stalled: readonly string[];
  /** What was wrong at the end. */
  faults: readonly string[];
  /** Requests by host, and writes to CodeMie as `writes`. */
  calls: Readonly<Record<string, number>>;
  /** Credentials that Git hosts are asked about, each at every `validation.interval`, an hour. */
  credentials: number;
  /** Integrations whose token was changed during the soak, counted as often as it was. */
  rotations: number;
  outages: number;
}

const measured = ['rssMiB', 'heapMiB', 'descriptors', 'sockets', 'timers'] as const;
/** What is held may vary by so much, and by a little of each kind. */
const growthShare = 0.15;
const leastGrowth = { rssMiB: 15, heapMiB: 8, descriptors: 12, sockets: 12, timers: 40 };

/** The middle of what was held in the second and in the last quarter: in the first one it warms up. */
function quarters(
  samples: readonly Sample[],
  name: (typeof measured)[number],
): { early: number; late: number } {
  const quarter = Math.floor(samples.length / 4);
  const middle = (part: readonly Sample[]): number =>
    part.map((sample) => sample[name]).toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? Number.NaN;
  return {
    early: middle(samples.slice(quarter, 2 * quarter)),
    late: middle(samples.slice(samples.length - quarter)),
  };
}

/** What is not as it should be, as sentences. */
export function judge(report: SoakReport): string[] {
  const { samples, calls, credentials, rotations, outages } = report;
  const hours = samples.at(-1)?.hours ?? 0;
  const growth = measured.flatMap((name) => {
    const { early, late } = quarters(samples, name);
    const most = early + Math.max(leastGrowth[name], growthShare * early);
    return late <= most ? [] : [`${name} grew from ${early.toFixed(0)} to ${late.toFixed(0)}.`];
  });
  // Each credential once an hour, by two calls for an App, and again after a change or an outage.
  const providerBudget = 2 * credentials * (hours + outages + 2) + 2 * rotations;
  const providerCalls = (calls['api.github.com'] ?? 0) + (calls['gitlab.com'] ?? 0);
  // Nothing but a changed token is written; one that was cut off may be written again.
  const writeBudget = report.integrations + rotations + Math.ceil(0.1 * rotations) + outages;
  const budgets: [string, number, number][] = [
    ['calls to Git hosts', providerCalls, providerBudget],
    ['writes to CodeMie', calls['writes'] ?? 0, writeBudget],
  ];
  return [
    ...growth,
    ...budgets
      .filter(([, made, most]) => made > most)
      .map(([what, made, most]) => `There were ${made} ${what}, more than ${most.toFixed(0)}.`),
    ...report.stalled.map((each) => `Stalled without cause: ${each}.`),
    ...report.faults,
  ];
}

/** A table for people. */
export function soakTable({ samples, calls, integrations }: SoakReport): string {
  const step = Math.max(1, Math.floor(samples.length / 12));
  const shown = samples.filter((_, index) => index % step === 0 || index === samples.length - 1);
  const hours = samples.at(-1)?.hours ?? 0;
  return [
    `${integrations} integrations, ${hours.toFixed(1)} hours of the operator's time`,
    '',
    ['hours', ...measured].map((name) => name.padStart(12)).join(''),
    ...shown.map((sample) =>
      [sample.hours, ...measured.map((name) => sample[name])]
        .map((value) => value.toFixed(1).padStart(12))
        .join(''),
    ),
    '',
    'requests per hour of the operator',
    ...Object.entries(calls).map(([name, count]) => `${name.padEnd(32)}${(count / hours).toFixed(1)}`),
  ].join('\n');
}
