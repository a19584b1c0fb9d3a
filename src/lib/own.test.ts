import { describe, expect, it } from 'vitest';
import { own } from './own.ts';

describe('own', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    '%s is no member of an object that does not have it',
    (name) => {
      expect(own({ token: 'x' }, name)).toBeUndefined();
    },
  );

  it('gives a member of the object itself, whatever it is called', () => {
    expect(own(JSON.parse('{"__proto__":"a","constructor":"b"}'), '__proto__')).toBe('a');
    expect(own({ token: 'x' }, 'token')).toBe('x');
  });
});
