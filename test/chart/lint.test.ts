import { expect, it } from 'vitest';
import { chartFolder, helm } from '../harness/helm.ts';

it('passes helm lint', async () => {
  expect(await helm(['lint', '--strict', chartFolder])).toMatchObject({ code: 0 });
});
