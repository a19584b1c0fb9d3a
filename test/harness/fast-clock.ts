/**
 * A preload (`node --import`) that makes time pass faster in its process: its clocks go so many times as fast, and timers
 * of more than a minute, which are intervals, renewals and expiries, come so much earlier. Shorter ones are deadlines of
 * calls, which servers that are as fast as ever have to meet, so they stay as they are.
 *
 * Variables: `FAST_CLOCK_FACTOR`; `FAST_CLOCK_FROM`, the moment (epoch milliseconds) at which fast and real time agree.
 */
import { fastNow } from './fast-now.ts';

const factor = Number(process.env['FAST_CLOCK_FACTOR'] ?? 1);
const from = Number(process.env['FAST_CLOCK_FROM'] ?? Date.now());
const intervalsFromMs = 60_000;

const now = fastNow(factor, from);
const monotonic = performance.now.bind(performance);

globalThis.Date = new Proxy(Date, {
  construct: (date, given, target): object =>
    Reflect.construct(date, given.length === 0 ? [now()] : given, target),
  get: (date, name) => (name === 'now' ? now : Reflect.get(date, name)),
});
performance.now = () => monotonic() * factor;

const shortened = (delayMs: number | undefined): number | undefined =>
  delayMs !== undefined && delayMs > intervalsFromMs ? delayMs / factor : delayMs;
for (const name of ['setTimeout', 'setInterval'] as const) {
  const real = globalThis[name];
  const fast = (callback: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) =>
    real(callback, shortened(delayMs), ...args);
  // With what hangs on it, such as its form as a promise.
  Object.defineProperties(fast, Object.getOwnPropertyDescriptors(real));
  Object.defineProperty(globalThis, name, { value: fast, configurable: true, writable: true });
}
