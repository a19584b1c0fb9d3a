import { expect, it } from 'vitest';
import { closest } from './closest.ts';

const known = ['github-token', 'gitlab-token', 'login'];

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
  expect(closest(name, known)).toBe(meant);
});

it('never is the name itself, which a cache may still hold', () => {
  expect(closest('login', ['login'])).toBeUndefined();
});

it('prefers the nearest, whatever the order', () => {
  expect(closest('a-token', ['b-tokens', 'a-tokens'])).toBe('a-tokens');
});
