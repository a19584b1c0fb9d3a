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

/** The fenced blocks of a language in a page of Markdown, without the fences, in their order. */
export function codeBlocks(page: string, language: 'sh' | 'yaml' | 'json'): string[] {
  const blocks = page.matchAll(new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'));
  return [...blocks].map(([, block = '']) => block);
}
