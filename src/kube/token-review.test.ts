import { describe, expect, it } from 'vitest';
import { KubeTransportError } from './errors.ts';
import { authenticate, mayGet } from './token-review.ts';

/** A client whose server gives that answer, and keeps what it was asked. */
function server(answer: unknown) {
  const asked: unknown[] = [];
  const ask = (_resource: unknown, question: object): Promise<unknown> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { ask, asked };
}
const signal = new AbortController().signal;
const user = { username: 'ada', uid: '1', groups: ['team-a'], extra: { scope: ['x'] } };

describe('who the bearer of a token is', () => {
  it.each([
    ['known', { status: { authenticated: true, user } }, user],
    ['refused by a real API server', { status: { user: {}, error: '[invalid bearer token]' } }, undefined],
    ['refused with a user all the same', { status: { authenticated: false, user } }, undefined],
    ['without a name', { status: { authenticated: true, user: { username: '' } } }, undefined],
    ['not said', { status: { authenticated: true } }, undefined],
  ])('%s', async (_name, answer, wanted) => {
    expect(await authenticate(server(answer), 'token', signal)).toEqual(wanted);
  });

  it.each([[{}], [{ status: { authenticated: 'yes' } }], [null]])(
    'is not guessed from %j',
    async (answer) => {
      await expect(authenticate(server(answer), 'token', signal)).rejects.toThrow(KubeTransportError);
    },
  );
});

describe('what a user may', () => {
  it.each([
    ['allowed', { allowed: true }, true],
    ['not allowed', { allowed: false }, false],
    ['denied in spite of it', { allowed: true, denied: true }, false],
  ])('is %s', async (_name, status, wanted) => {
    expect(await mayGet(server({ status }), user, '/metrics', signal)).toBe(wanted);
  });

  it('is asked with all that is known of the user', async () => {
    const { ask, asked } = server({ status: { allowed: true } });
    await mayGet({ ask }, user, '/metrics', signal);
    const { username, ...rest } = user;
    const nonResourceAttributes = { path: '/metrics', verb: 'get' };
    expect(asked).toEqual([{ spec: { user: username, ...rest, nonResourceAttributes } }]);
  });

  it('is not guessed', async () => {
    await expect(mayGet(server({ status: {} }), user, '/metrics', signal)).rejects.toThrow(
      KubeTransportError,
    );
  });
});
