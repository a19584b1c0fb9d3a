import { expect, it } from 'vitest';
import { sentencesOf } from './sentences.ts';

it.each([
  { message: 'GitHub rejected the token in Secret "a" (key "token").', count: 1 },
  { message: 'gitlab.example.com has no API v4. Upgrade it, or set spec.apiURL.', count: 2 },
  {
    message: 'It expired on 2026-01-02. Create one at https://github.com/settings/tokens?a=b. Store it.',
    count: 3,
  },
  { message: 'It says "wrong." Correct it; api.github.com follows.', count: 2 },
  { message: 'The host refuses. api.github.com follows. Wait.', count: 3 },
  { message: 'Use a scope, e.g. repo.', count: 1 },
])('$count in: $message', ({ message, count }) => {
  expect(sentencesOf(message)).toHaveLength(count);
});
