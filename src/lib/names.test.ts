import { describe, expect, it } from 'vitest';
import { closest, ownMember } from './names.ts';

describe('ownMember', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    '%s is no member of an object that does not have it',
    (name) => {
      expect(ownMember({ token: 'x' }, name)).toBeUndefined();
    },
  );

  it('gives a member of the object itself, whatever it is called', () => {
    expect(ownMember(JSON.parse('{"__proto__":"a","constructor":"b"}'), '__proto__')).toBe('a');
    expect(ownMember({ token: 'x' }, 'token')).toBe('x');
  });
});

describe('closest', () => {
  const names = ['github-token', 'gitlab-token', 'login'];

  it.each([
    ['github-tokne', 'github-token'],
    ['githubtoken', 'github-token'],
    ['GITHUB-TOKEN', 'github-token'],
    ['gitlb-token', 'gitlab-token'],
    ['github-token-2', 'github-token'],
    ['logon', 'login'],
    ['github-pat', undefined],
    ['', undefined],
  ])('takes %s for %s', (name, meant) => {
    expect(closest(name, names)).toBe(meant);
  });

  it('never is the name itself, which a cache may still hold', () => {
    expect(closest('login', ['login'])).toBeUndefined();
  });

  it('prefers the nearest, whatever the order', () => {
    expect(closest('a-token', ['b-tokens', 'a-tokens'])).toBe('a-tokens');
  });
});
