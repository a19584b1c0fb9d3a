import { join } from 'node:path';
import { deadLinks } from './site/dead-links.ts';

/** The last step of `npm run docs`: fails where a link or an anchor of the rendered pages leads nowhere. */
const root = join(import.meta.dirname, '..');
const dead = deadLinks({
  folder: join(root, 'dist', 'docs'),
  base: process.env['DOCS_BASE'] ?? '/',
  repository: { url: 'https://github.com/codemie-ai/codemie-git-operator', folder: root },
});
for (const link of dead) process.stderr.write(`${link} leads nowhere.\n`);
if (dead.length > 0) process.exitCode = 1;
