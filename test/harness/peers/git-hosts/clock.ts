/** A clock a test can replace; epoch ms. */
export interface Clock {
  now: () => number;
  set: (now: () => number) => void;
}

/** Starts as the machine's own. */
export function createClock(): Clock {
  let current = (): number => Date.now();
  return { now: () => current(), set: (now) => void (current = now) };
}
