/** A fenced block of a page. */
export interface Block {
  language: string;
  /** Without the fences, and without the indentation of the list item that it is in. */
  text: string;
}

/** All fenced blocks of a page of Markdown, in their order. */
export function blocksOf(page: string): Block[] {
  const blocks = page.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms);
  return [...blocks].map(([, indentation = '', language = '', text = '']) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
  }));
}

/** The texts of the blocks of a language, see {@link blocksOf}. */
export function codeBlocks(page: string, language: 'sh' | 'yaml' | 'json'): string[] {
  return blocksOf(page).flatMap((block) => (block.language === language ? [block.text] : []));
}

/** What stands below a heading of the second rank, up to the next one. Empty where there is no such heading. */
export function sectionOf(page: string, heading: string): string {
  const [, below = ''] = page.split(`\n## ${heading}\n`);
  return below.split('\n## ')[0] ?? '';
}
