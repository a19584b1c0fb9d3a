/** The fenced blocks of a language in a page of Markdown, without the fences, in their order. */
export function codeBlocks(page: string, language: 'sh' | 'yaml' | 'json'): string[] {
  const blocks = page.matchAll(new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'));
  return [...blocks].map(([, block = '']) => block);
}
