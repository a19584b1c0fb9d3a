import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kinds } from '../../harness/cluster.ts';
import { discard } from '../objects.ts';
import { clientCredentials, useSuite } from '../suite.ts';
import { heldByCodeMie } from '../traffic.ts';

const suite = useSuite();
const folder = join(import.meta.dirname, '..', '..', '..', 'examples', 'reuse-secrets');
let namespace: string;
let pem: string;
let gitLabToken: string;
let gitHubToken: string;

const appId = 424242;
const installationId = 7890;

beforeAll(async () => {
  const { cluster, world } = suite;
  namespace = await cluster.createNamespace('reuse');
  pem = suite.privateKey();
  gitLabToken = suite.secret('glpat-');
  gitHubToken = suite.secret('ghp_');
  world.github.addOrganization('acme');
  world.github.addApp({ id: appId, privateKey: pem });
  world.github.addInstallation({ appId, account: 'acme', id: installationId });
  world.github.addToken({ token: gitHubToken, login: 'octocat' });
  world.gitlab.addToken({ token: gitLabToken, username: 'ci-bot' });
  // The connection that the examples mean when they name none. One that an interrupted run has left is in the way.
  await discard(cluster, kinds.clusterConnection, 'default');
  await cluster.create(kinds.clusterConnection, {
    metadata: { name: 'default' },
    spec: {
      url: world.codemie.url,
      auth: clientCredentials(world, 'login'),
      consumers: [{ namespaces: [namespace], projects: ['demo'] }],
    },
  });
});

afterAll(() => discard(suite.cluster, kinds.clusterConnection, 'default'));

interface Layout {
  file: string;
  /** The Secrets as their owner wants them, by name. */
  secrets: () => Record<string, { labels?: Record<string, string>; stringData: Record<string, string> }>;
}

const layouts: Layout[] = [
  {
    // https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference
    file: 'flux.yaml',
    secrets: () => ({
      'github-app': {
        stringData: {
          githubAppID: String(appId),
          githubAppInstallationID: String(installationId),
          githubAppPrivateKey: pem,
        },
      },
      'gitlab-basic-auth': { stringData: { username: 'git', password: gitLabToken } },
    }),
  },
  {
    // https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#repositories
    file: 'argocd.yaml',
    secrets: () => ({
      'github-creds': {
        labels: { 'argocd.argoproj.io/secret-type': 'repo-creds' },
        stringData: {
          type: 'git',
          url: 'https://github.com/acme',
          githubAppID: String(appId),
          githubAppInstallationID: String(installationId),
          githubAppPrivateKey: pem,
        },
      },
      'gitlab-repo': {
        labels: { 'argocd.argoproj.io/secret-type': 'repository' },
        stringData: {
          type: 'git',
          url: 'https://gitlab.com/acme/deploy.git',
          username: 'git',
          password: gitLabToken,
        },
      },
    }),
  },
  {
    // https://docs.github.com/en/actions/how-tos/manage-runners/use-actions-runner-controller/authenticate-to-the-api
    file: 'actions-runner-controller.yaml',
    secrets: () => ({
      'runner-app': {
        stringData: {
          github_app_id: String(appId),
          github_app_installation_id: String(installationId),
          github_app_private_key: pem,
        },
      },
      'runner-token': { stringData: { github_token: gitHubToken } },
    }),
  },
];

const manifest = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()),
});

describe.each(layouts)('the Secrets of examples/reuse-secrets/$file', ({ file, secrets }) => {
  it('lead to Ready as they are, and to the same credentials in CodeMie', async () => {
    const { cluster, world } = suite;
    const stored = secrets();
    for (const [name, { labels = {}, stringData }] of Object.entries(stored))
      await cluster.create(kinds.secret, { metadata: { name, namespace, labels }, stringData });

    const documents = parseAllDocuments(await readFile(join(folder, file), 'utf8'));
    for (const document of documents) {
      const { metadata, spec } = manifest.parse(document.toJS());
      const key = `${namespace}/${metadata.name}`;
      await cluster.create(kinds.integration, { metadata: { name: metadata.name, namespace }, spec });
      await cluster.waitForConditions(key, { Ready: 'True/Ready' });
      const { values } = heldByCodeMie(world, key);
      const known = Object.values(stored).flatMap(({ stringData }) => Object.values(stringData));
      expect(known).toContain(values['token'] ?? values['private_key']);
    }
    for (const [name, { stringData }] of Object.entries(stored)) {
      const { data } = z
        .object({ data: z.record(z.string(), z.string()) })
        .parse(await cluster.get(kinds.secret, `${namespace}/${name}`));
      expect(Object.keys(data).toSorted()).toEqual(Object.keys(stringData).toSorted());
    }
  });
});
