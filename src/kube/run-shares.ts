/** Counts runs by namespace, and says who may have another one. */
export interface RunShares {
  /** Whether a new run of the namespace may start. */
  mayStart(group: string): boolean;
  /** Whether a parked run of the namespace may have a worker. */
  mayResume(group: string): boolean;
  started(group: string): void;
  parked(group: string): void;
  resumed(group: string): void;
  /** @param wasParked whether the finished run held no worker */
  ended(group: string, wasParked: boolean): void;
}

/** Options for {@link createRunShares}. */
export interface RunSharesOptions {
  workers?: number;
  maxRunning?: number;
}

interface Counts {
  running: number;
  working: number;
}

/**
 * A namespace may have a sixteenth as many runs under way as are left for all: 30 of 512 on its own, and fewer the more
 * others are busy. So there is room for a namespace without runs until as many namespaces are stuck as there are runs
 * in all. (A dynamic threshold: Choudhury and Hahne, 1998, https://doi.org/10.1109/90.664262.)
 */
const shareOfTheRest = 1 / 16;

/** Creates the counts, which know only namespaces with runs. */
export function createRunShares({
  workers = Number.POSITIVE_INFINITY,
  maxRunning = 512,
}: RunSharesOptions): RunShares {
  const mostWorkers = Math.max(1, Math.floor(workers * 0.75));
  const groups = new Map<string, Counts>();
  let total = 0;

  const hasWorkersLeft = (group: string) => (groups.get(group)?.working ?? 0) < mostWorkers;

  function change(group: string, running: number, working: number): void {
    const counts = groups.get(group) ?? { running: 0, working: 0 };
    counts.running += running;
    counts.working += working;
    total += running;
    if (counts.running === 0) groups.delete(group);
    else groups.set(group, counts);
  }

  return {
    mayStart: (group) =>
      hasWorkersLeft(group) && (groups.get(group)?.running ?? 0) < (maxRunning - total) * shareOfTheRest,
    mayResume: hasWorkersLeft,
    started: (group) => change(group, 1, 1),
    parked: (group) => change(group, 0, -1),
    resumed: (group) => change(group, 0, 1),
    ended: (group, wasParked) => change(group, -1, wasParked ? 0 : -1),
  };
}
