/**
 * How node is started in the image and by `npm start`. By default V8 lets its nursery grow to three times 16 MiB and
 * the rest of its heap to several times of what is in use, and a process that mostly waits keeps all of it.
 * docs/performance.md has what that costs and saves.
 */
export const nodeFlags = [
  '--max-semi-space-size=2',
  '--optimize-for-size',
  // The signal would open the inspector, through which every token in the heap can be read.
  '--disable-sigusr1',
] as const;
