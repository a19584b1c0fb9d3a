/**
 * A preload (`node --import`) that sets the wall clock of its process forward by an hour at each SIGUSR2, as a
 * machine whose clock is corrected does. Monotonic time goes on as ever.
 */

const hourMs = 3_600_000;
const realNow = Date.now;
let stepMs = 0;
Date.now = () => realNow() + stepMs;
process.on('SIGUSR2', () => {
  stepMs += hourMs;
});
