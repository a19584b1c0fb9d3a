/**
 * CodeMie is written in Python, and some of Python shows in its API: what counts as empty, what `int()`
 * accepts, how a value prints in a message.
 */

/** The text of a Python exception; routes put it into their own answer. */
export class PythonError extends Error {}

/** False for None, "", 0, False and empty collections. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.length > 0;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).length > 0;
  }
  return Boolean(value);
}

/** Whether `int(value)` succeeds: `12 `, `-1`, `1_000`, 1.5 and True do; `1.5` as a string doesn't. */
export function isIntegerLike(value: unknown): boolean {
  if (typeof value === 'string') {
    return /^\s*[+-]?\p{Nd}+(_\p{Nd}+)*\s*$/u.test(value);
  }
  return typeof value === 'number' || typeof value === 'boolean';
}

/** `str(value)` for the scalars; other values as JSON, which is near enough for a message. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `type(value).__name__`. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) {
    return 'NoneType';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'int' : 'float';
  }
  if (typeof value === 'boolean') {
    return 'bool';
  }
  if (typeof value === 'string') {
    return 'str';
  }
  return Array.isArray(value) ? 'list' : 'dict';
}

/** `datetime.isoformat()` of a naive time; the microseconds are left out when zero. */
export function isoFormat(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  const fraction = microseconds - seconds * 1_000_000;
  const whole = new Date(seconds * 1_000).toISOString().slice(0, 19);
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(6, '0')}`;
}
