import { allTexts } from './words/texts.ts';
import { checkWords } from './words/vocabulary.ts';

// `npm run words`: refuses the words that docs/contributing/style.md leaves to others, in pages and in the strings that
// users see.
const found = (await Promise.all(allTexts().map(checkWords))).flat();
for (const { file, line, column, message } of found) console.error(`${file}:${line}:${column} ${message}`);
if (found.length > 0) {
  console.error(`${found.length} words to replace: see docs/contributing/style.md.`);
  process.exitCode = 1;
}
