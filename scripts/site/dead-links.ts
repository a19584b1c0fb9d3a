import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Where a site stands and what its links are measured by. */
export interface Site {
  /** The folder with the rendered pages. */
  folder: string;
  /** The path that the site is served below, with a slash at both ends. */
  base: string;
  /** The address of the repository, whose files the pages link, and the folder with its checkout. */
  repository: { url: string; folder: string };
}

const attributes = /\s(?:href|src)="([^"]*)"/g;
/** `…/blob/main/src/main.ts`, and the form in which a page is edited. */
const inRepository = /^\/(?:blob|tree|edit)\/[^/]+\/([^#?]+)/;

/**
 * The links of all rendered pages that lead nowhere: to a page, file or anchor that the site lacks, or to a file that the
 * checkout lacks. Links to other servers are not followed.
 *
 * @returns `page: link`, in the order of the pages
 */
export function deadLinks({ folder, base, repository }: Site): string[] {
  const pages = globSync('**/*.html', { cwd: folder }).toSorted();
  const anchors = new Map<string, Set<string>>();
  const anchorsOf = (file: string): Set<string> => {
    const known = anchors.get(file);
    if (known) return known;
    const ids = readFileSync(join(folder, file), 'utf8').matchAll(/\sid="([^"]*)"/g);
    const found = new Set([...ids].map(([, id = '']) => decode(id)));
    anchors.set(file, found);
    return found;
  };

  function leadsSomewhere(page: string, link: string): boolean {
    if (link.startsWith(repository.url)) {
      const [, path] = inRepository.exec(link.slice(repository.url.length)) ?? [];
      return path === undefined || existsSync(join(repository.folder, decodeURIComponent(path)));
    }
    if (/^([a-z]+:|\/\/)/i.test(link)) return true;
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page : fileOf(page, path);
    if (file === undefined) return false;
    // The theme's own, which a script makes.
    if (anchor === undefined || anchor === '') return true;
    return anchorsOf(file).has(decodeURIComponent(anchor));
  }

  /** The rendered file that an address is served from, as hosts of static sites do without `.html`. */
  function fileOf(page: string, path: string): string | undefined {
    const [address = ''] = path.split('?');
    if (address.startsWith('/') && !address.startsWith(base)) return undefined;
    const relative = address.startsWith('/')
      ? address.slice(base.length)
      : posix.join(posix.dirname(page), address);
    const decoded = decodeURIComponent(relative).replace(/\/$/, '');
    return [decoded, `${decoded}.html`, posix.join(decoded, 'index.html')].find(
      (file) => existsSync(join(folder, file)) && statSync(join(folder, file)).isFile(),
    );
  }

  return pages.flatMap((page) => {
    const text = readFileSync(join(folder, page), 'utf8');
    const links = new Set([...text.matchAll(attributes)].map(([, link = '']) => decode(link)));
    return [...links].filter((link) => !leadsSomewhere(page, link)).map((link) => `${page}: ${link}`);
  });
}

const decode = (text: string): string => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
