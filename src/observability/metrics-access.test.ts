import { describe, expect, it } from 'vitest';
import { type AccessVerdict, createMetricsAccess } from './metrics-access.ts';

/** An API server that knows a token for each verdict, and counts what it is asked. */
function stage() {
  const clock = { nowMs: 1_000_000 };
  const reviews: string[] = [];
  const failures: unknown[] = [];
  const known = new Map<string, AccessVerdict>([
    ['scraper', 'allowed'],
    ['user', 'forbidden'],
  ]);
  let gate: Promise<void> | undefined;
  const access = createMetricsAccess({
    now: () => clock.nowMs,
    onFailure: (error) => failures.push(error),
    async review(token) {
      reviews.push(token);
      await gate;
      if (token === 'broken') throw new Error('no API server');
      return known.get(token) ?? 'unauthenticated';
    },
  });
  const hold = (until: Promise<void>): void => {
    gate = until;
  };
  return { access, clock, reviews, failures, known, hold };
}

describe('who may read metrics', () => {
  it.each([
    ['no header', undefined, 'unauthenticated'],
    ['an empty header', '', 'unauthenticated'],
    ['another scheme', 'Basic c2NyYXBlcjo=', 'unauthenticated'],
    ['no token', 'Bearer ', 'unauthenticated'],
    ['two tokens', 'Bearer scraper, user', 'unauthenticated'],
    ['bytes that no token has', 'Bearer scrap\u0000er', 'unauthenticated'],
    ['a token without end', `Bearer ${'a'.repeat(20_000)}`, 'unauthenticated'],
    ['blanks without end', `Bearer${' '.repeat(8_000)}`, 'unauthenticated'],
    ['an unknown token', 'Bearer unknown', 'unauthenticated'],
    ['a user without the right', 'Bearer user', 'forbidden'],
    ['a user with it', 'Bearer scraper', 'allowed'],
    ['the scheme in other letters', 'bearer scraper', 'allowed'],
    ['an API server that does not answer', 'Bearer broken', 'unavailable'],
  ])('%s', async (_name, header, answer) => {
    expect(await stage().access.check(header)).toBe(answer);
  });

  it('are not asked about where there is no token', async () => {
    const { access, reviews } = stage();
    for (const header of [undefined, 'Basic eA==', `Bearer ${'a'.repeat(20_000)}`])
      await access.check(header);
    expect(reviews).toEqual([]);
  });

  it('are known for a while, and not longer', async () => {
    const { access, clock, reviews, known } = stage();
    await access.check('Bearer scraper');
    await access.check('Bearer scraper');
    expect(reviews).toHaveLength(1);
    known.delete('scraper');
    clock.nowMs += 60_001;
    expect(await access.check('Bearer scraper')).toBe('unauthenticated');
    known.set('scraper', 'allowed');
    clock.nowMs += 10_001;
    expect(await access.check('Bearer scraper')).toBe('allowed');
  });

  it('share a review, and a failure is not kept', async () => {
    const { access, reviews, failures } = stage();
    await Promise.all([1, 2, 3].map(() => access.check('Bearer broken')));
    expect(reviews).toHaveLength(1);
    expect(failures).toHaveLength(1);
    await access.check('Bearer broken');
    expect(reviews).toHaveLength(2);
  });

  it('keep their answer, however many tokens are guessed', async () => {
    const { access, reviews, hold } = stage();
    await access.check('Bearer scraper');
    const gate = Promise.withResolvers<void>();
    hold(gate.promise);
    const guesses = Array.from({ length: 1_000 }, (_, index) => access.check(`Bearer guess-${index}`));
    expect(await access.check('Bearer scraper')).toBe('allowed');
    gate.resolve();
    const answers = await Promise.all(guesses);
    expect(answers).not.toContain('allowed');
    expect(answers.filter((answer) => answer === 'unavailable')).toHaveLength(996);
    expect(reviews).toHaveLength(5);
    for (let index = 0; index < 300; index += 1) await access.check(`Bearer again-${index}`);
    expect(await access.check('Bearer scraper')).toBe('allowed');
    expect(reviews).toHaveLength(305);
  });
});
