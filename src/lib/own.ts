/**
 * The member that an object itself has under a name from outside; undefined for a name that only its prototype knows,
 * such as `constructor` or `__proto__`. Look-ups by names from outside go through here, or use a Map.
 */
export function own<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
