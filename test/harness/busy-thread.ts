/**
 * A preload (`node --import`) that keeps the main thread of its process busy for `BUSY_MS` at each SIGUSR2, as a server
 * does whose certificates take long to check.
 */

const busyMs = Number(process.env['BUSY_MS']);
process.on('SIGUSR2', () => {
  const untilMs = performance.now() + busyMs;
  while (performance.now() < untilMs);
  process.stdout.write('Was busy.\n');
});
