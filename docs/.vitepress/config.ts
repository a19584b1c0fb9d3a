import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type DefaultTheme, defineConfig } from 'vitepress';

const docs = join(import.meta.dirname, '..');
const repository = 'https://github.com/codemie-ai/codemie-git-operator';
const { version }: { version: string } = JSON.parse(readFileSync(join(docs, '..', 'package.json'), 'utf8'));

// A release builds the site of its tag below a path of its version, and its links lead to that tag.
const base = process.env['DOCS_BASE'] ?? '/';
const isRelease = process.env['DOCS_RELEASE'] === 'true';
const revision = isRelease ? `v${version}` : 'main';

type Item = DefaultTheme.SidebarItem;

const page = (text: string, link: string): Item => ({ text, link });

const runbooks = readdirSync(join(docs, 'runbooks'))
  .filter((name) => name !== 'README.md')
  .map((name) => page(name.replace('.md', ''), `/runbooks/${name.replace('.md', '')}`));

const sidebar: Item[] = [
  {
    text: 'Overview',
    items: [
      page('What it is', '/overview/introduction'),
      page('Architecture', '/overview/architecture'),
      page('Glossary', '/overview/glossary'),
      page('FAQ', '/overview/faq'),
    ],
  },
  { text: 'Get started', link: '/get-started' },
  {
    text: 'How-to guides',
    items: [
      page('All guides', '/guides/'),
      page('Credentials', '/credentials'),
      page('GitHub App', '/guides/github-app'),
      page('Rotate credentials', '/guides/rotate-credentials'),
      page('Self-managed server', '/guides/self-managed-server'),
      page('External Secrets', '/guides/external-secrets'),
      page('Argo CD', '/guides/argo-cd'),
      page('Flux', '/guides/flux'),
      page('Behind a proxy', '/guides/proxy'),
      page('Onboard a team', '/guides/onboard-a-team'),
      page('Adopt existing integrations', '/guides/adopt-existing-integrations'),
      page('Use it in CodeMie', '/using-integrations'),
      page('Alert with Kibana', '/guides/alert-with-kibana'),
      page('Back up and restore', '/guides/backup-and-restore'),
      page('Migrate', '/guides/migrate'),
      page('Leave', '/guides/leave'),
    ],
  },
  {
    text: 'Operations',
    items: [
      page('Install, upgrade, uninstall', '/install'),
      page('Upgrade notes', '/upgrade-notes'),
      page('Connections', '/connections'),
      page('CodeMie', '/codemie'),
      page('GitOps', '/gitops'),
      page('Operating', '/operating'),
      page('High availability', '/high-availability'),
      page('Monitoring', '/monitoring'),
      page('Performance', '/performance'),
      { ...page('Runbooks', '/runbooks/'), collapsed: true, items: runbooks },
    ],
  },
  {
    text: 'Reference',
    items: [
      page('API', '/api-reference'),
      page('Conditions', '/conditions'),
      page('Events', '/events'),
      page('Annotations and labels', '/annotations'),
      page('Durations', '/durations'),
      page('Support and versions', '/support'),
      page('Troubleshooting', '/troubleshooting'),
      page('Command line', '/cli'),
      page('GitHub', '/providers/github'),
      page('GitLab', '/providers/gitlab'),
      page('Bitbucket', '/providers/bitbucket'),
      page('Azure DevOps', '/providers/azure-devops'),
    ],
  },
  { text: 'Security', items: [page('Tenancy', '/tenancy'), page('Permissions', '/permissions')] },
  {
    text: 'Contribute',
    items: [
      page('Language and style', '/contributing/style'),
      page('Releasing', '/releasing'),
      page('Versions of this site', '/versions'),
      page('Decision records', '/adr/'),
    ],
  },
];

/** Links to what is no page lead to the repository. */
function linkFrom(file: string, link: string): string {
  if (/^[a-z]+:|^#/.test(link)) return link;
  const [path = '', anchor] = link.split('#');
  const target = join(dirname(join(docs, file)), path);
  const inDocs = relative(docs, target);
  // A README is the index of its folder here, see `rewrites`.
  if (!inDocs.startsWith('..') && path.endsWith('README.md'))
    return `${path.replace(/README\.md$/, '') || './'}${anchor === undefined ? '' : `#${anchor}`}`;
  if (!inDocs.startsWith('..') && /\.(md|svg)$|^$/.test(path)) return link;
  const inRepository = relative(join(docs, '..'), target);
  if (!existsSync(target)) throw new Error(`${file} links to ${link}, which does not exist.`);
  const kind = statSync(target).isDirectory() ? 'tree' : 'blob';
  return `${repository}/${kind}/${revision}/${inRepository}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** The anchors that GitHub gives headings, because the same links have to work there. */
function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/**
 * Tables fit the page where they can: names of fields and commands break, see `breakable`, which leaves room for what is said about
 * them. On narrow screens columns stay readable, and the table scrolls sideways. Wide screens show more of it.
 */
const style = `
.vp-doc th, .vp-doc td { padding: 6px 12px; vertical-align: top; text-align: left; min-width: 7.5em; }
.vp-doc td:first-child { min-width: 9.5em; }
.vp-doc td:last-child:not(:first-child) { min-width: 15em; }
.vp-doc td code { overflow-wrap: anywhere; }
@media (min-width: 1440px) { .VPDoc.has-aside .content-container { max-width: 840px !important; } }
`;

/** Lets a browser break names between their words: `connection|Ref.|kind`. */
function breakable(html: string): string {
  return html.replace(
    />([^<]+)</,
    (_, name: string) => `>${name.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=\.)(?=[A-Za-z])/g, '<wbr>')}<`,
  );
}

export default defineConfig({
  title: 'codemie-git-operator',
  description: 'Git credentials for CodeMie, declared in Kubernetes',
  lang: 'en-US',
  base,
  head: [['style', {}, style]],
  cleanUrls: true,
  rewrites: { 'README.md': 'index.md', ':folder/README.md': ':folder/index.md' },
  markdown: {
    anchor: { slugify },
    config(markdown) {
      const inline = markdown.renderer.rules.code_inline;
      if (inline) markdown.renderer.rules.code_inline = (...given) => breakable(inline(...given));
      markdown.core.ruler.push('repository-links', (state) => {
        for (const { children } of state.tokens)
          for (const token of children ?? []) {
            const link = token.type === 'link_open' && token.attrGet('href');
            if (link) token.attrSet('href', linkFrom(String(state.env.relativePath), link));
          }
      });
    },
  },
  themeConfig: {
    sidebar,
    nav: [{ text: isRelease ? version : 'main', link: '/versions' }],
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path` },
  },
});
