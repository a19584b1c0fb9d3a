import { join } from 'node:path';
import { writeNpmPackage } from './build/npm-package.ts';

/** `npm run package`: writes the npm package of the command line to `dist/codemie-git/`. */
const root = join(import.meta.dirname, '..');
const files = await writeNpmPackage(root, join(root, 'dist', 'codemie-git'));
const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
console.log(`dist/codemie-git: ${(bytes / 1024).toFixed(0)} KiB in ${files.length} files`);
