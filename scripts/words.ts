import { allTexts, textsOf } from './words/texts.ts';
import { checkWords } from './words/vocabulary.ts';

// `npm run words`: refuses the words that docs/contributing/style.md replaces, in pages, in the strings that users see,
// in comments and in the names of tests. `npm run words -- PATH…` checks all of that in single files and folders.
const paths = process.argv.slice(2);
const texts = paths.length > 0 ? textsOf(paths) : allTexts();
const found = (await Promise.all(texts.map(checkWords))).flat();
for (const { file, line, message } of found) console.error(`${file}:${line} ${message}`);
if (found.length > 0) {
  console.error(`${found.length} words to replace: see docs/contributing/style.md.`);
  process.exitCode = 1;
}
