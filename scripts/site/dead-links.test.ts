import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLinks } from './dead-links.ts';

let folder: string;
const repository = { url: 'https://github.com/acme/shop', folder: join(import.meta.dirname, '..', '..') };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'site-'));
  mkdirSync(join(folder, 'guides'));
  writeFileSync(join(folder, 'picture.svg'), '<svg/>');
  writeFileSync(join(folder, 'guides', 'index.html'), '<h2 id="first-step">First step</h2>');
  writeFileSync(join(folder, 'install.html'), '<h2 id="a&amp;b">A</h2>');
});
afterAll(() => rmSync(folder, { recursive: true }));

function deadIn(link: string, base = '/'): string[] {
  writeFileSync(join(folder, 'guides', 'page.html'), `<h1 id="top"></h1><a class="x" href="${link}">x</a>`);
  return deadLinks({ folder, base, repository });
}

describe('a link', () => {
  it.each([
    '/install',
    '/install.html',
    '/install#a&amp;b',
    '/guides/',
    '/guides/#first-step',
    '../install',
    './',
    '#top',
    '#',
    '/picture.svg?v=1',
    'https://example.com/nowhere',
    'mailto:a@example.com',
    'https://github.com/acme/shop',
    'https://github.com/acme/shop/blob/main/package.json#L3',
    'https://github.com/acme/shop/tree/v1.0.0/src',
  ])('%s leads somewhere', (link) => expect(deadIn(link)).toEqual([]));

  it.each([
    '/nowhere',
    '/install#c',
    '/guides/#second-step',
    '../nowhere',
    '#bottom',
    '/other.svg',
    'https://github.com/acme/shop/blob/main/nowhere.ts',
  ])('%s leads nowhere', (link) => expect(deadIn(link)).toEqual([`guides/page.html: ${link}`]));

  it('is below the path of the site', () => {
    expect(deadIn('/docs/install', '/docs/')).toEqual([]);
    expect(deadIn('/install', '/docs/')).toEqual(['guides/page.html: /install']);
  });
});
