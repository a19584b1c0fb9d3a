/**
 * What kind of value is expected. `token`: made by a Git product. `secret`: made by some other program, such as a
 * client secret. `name`: of a user, or an id. `password`: chosen by a user, who may use any character.
 */
export type ValueKind = 'token' | 'secret' | 'name' | 'password';

/** What a text is instead of the bare value: a clause that follows its name, and what to do. No byte of the text. */
export interface Mistake {
  clause: string;
  hint: string;
}

/** A mistake, and how it is recognized. */
export interface KnownMistake extends Mistake {
  /** The kinds that never look like this. Default: all but passwords. */
  kinds?: readonly ValueKind[];
  fits: RegExp | ((text: string, kind: ValueKind) => boolean);
}

/** For a mistake that is none of any kind of value, passwords included. */
export const allKinds = ['token', 'secret', 'name', 'password'] as const;
/** The kinds that programs make. */
export const generatedKinds = ['token', 'secret'] as const;

/** Whether a text of that kind is this mistake. Ends are trimmed already. */
export function isMistake(
  { kinds = ['token', 'secret', 'name'], fits }: KnownMistake,
  text: string,
  kind: ValueKind,
): boolean {
  return kinds.includes(kind) && (typeof fits === 'function' ? fits(text, kind) : fits.test(text));
}
