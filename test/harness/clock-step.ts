/**
 * A preload (`node --import`) that sets the wall clock of its process forward by an hour at each SIGUSR2, as a
 * machine whose clock is corrected does. Monotonic time goes on as ever. `CLOCK_STEP_MS` is the first step.
 */

const hourMs = 3_600_000;
const realNow = Date.now;
let stepMs = Number(process.env['CLOCK_STEP_MS'] ?? 0);
Date.now = () => realNow() + stepMs;
process.on('SIGUSR2', () => {
  stepMs += hourMs;
});
