import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeFlags } from './node-flags.ts';

const read = (file: string): string => readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8');

it('is what the image starts node with', () => {
  const flags = nodeFlags.map((flag) => `"${flag}", `).join('');
  expect(read('Dockerfile')).toContain(`ENTRYPOINT ["/nodejs/bin/node", ${flags}"/app/main.mjs"]`);
});

it('is what npm starts node with', () => {
  expect(read('package.json')).toContain(`"start": "node ${nodeFlags.join(' ')} src/main.ts"`);
});
