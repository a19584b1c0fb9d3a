import { basename } from 'node:path';
import { gitIntegrations, type ProviderName } from '../api/group.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import { ownMember } from '../lib/names.ts';
import { type Cluster, getObject } from './cluster.ts';
import type { CheckFlags } from './credential-commands.ts';
import { readFileBounded, readInput, shownPath } from './input.ts';
import { CliError, type Io, printable } from './io.ts';
import { type Manifest, parseManifests } from './lint/manifests.ts';
import { storedObject } from './lint/values.ts';

/** The key of the object that stands for a credential from flags. */
export const givenKey = 'given/given';

/** A credential that is given on the command line instead of by an object. */
interface GivenCredential {
  provider: ProviderName;
  url?: string;
  apiUrl?: string;
  token?: GivenValue;
  username?: string;
  appId?: number;
  privateKey?: GivenValue;
  installationId?: number;
  repositories: readonly string[];
}

/** A secret value, by the name of an environment variable or the path of a file. A flag never holds it. */
type GivenValue = { from: 'environment'; variable: string } | { from: 'file'; path: string };

/** What is checked, and where its Secrets are read. */
export interface CheckSubject {
  object: KubeObject;
  source: Pick<KubeClient, 'get'>;
}

/** A GitIntegration of the cluster. @throws CliError when it does not exist */
export async function subjectInCluster(name: string, cluster: Cluster, io: Io): Promise<CheckSubject> {
  const object = await getObject(cluster, gitIntegrations, name, io.signal);
  return { object, source: cluster.client };
}

/**
 * The GitIntegrations of a file, with the Secrets of the same file, else those of the cluster.
 *
 * @throws CliError when the file has none, or can't be read
 */
export async function subjectsInFile(
  file: string,
  namespace: string,
  cluster: Cluster | undefined,
  io: Io,
): Promise<CheckSubject[]> {
  const text = await readInput(file, io);
  const { manifests, faults } = parseManifests(file, text);
  const [fault] = faults;
  if (fault) throw new CliError(`${shownPath(file)}:${fault.position.line}: ${fault.message}`, fault.hint);
  const placed = manifests.map((manifest) => ({ ...manifest, namespace: manifest.namespace ?? namespace }));
  const source = localFirst(placed, cluster);
  const found = placed.filter(({ kind }) => kind === gitIntegrations.kind);
  if (found.length === 0) throw new CliError(`${shownPath(file)} has no GitIntegration.`, 'Check the path.');
  return found.map((manifest) => ({ object: { ...storedObject(manifest), data: undefined }, source }));
}

function localFirst(manifests: readonly Manifest[], cluster: Cluster | undefined): Pick<KubeClient, 'get'> {
  const local = new Map(
    manifests.map((manifest) => [`${manifest.kind} ${manifest.namespace}/${manifest.name}`, manifest]),
  );
  return {
    async get(resource: Resource, key: string, signal: AbortSignal) {
      const manifest = local.get(`${resource.kind} ${key}`);
      if (manifest) return storedObject(manifest);
      return cluster?.client.get(resource, key, signal);
    },
  };
}

/** A credential from flags, files and the environment. @throws CliError when a value is not there */
export async function subjectFromFlags(
  provider: ProviderName,
  flags: CheckFlags,
  io: Io,
): Promise<CheckSubject> {
  const given = givenCredential(provider, flags);
  const data: Record<string, Record<string, string>> = { environment: {}, file: {} };
  const ref = async (value: GivenValue) => {
    const { name, key, bytes } = await readGiven(value, io);
    data[name] = { ...data[name], [key]: Buffer.from(bytes).toString('base64') };
    return { name, key };
  };
  const { token, privateKey, appId, installationId } = given;
  const auth = token
    ? {
        token: {
          secretRef: await ref(token),
          ...(given.username !== undefined && { username: given.username }),
        },
      }
    : privateKey && {
        githubApp: {
          appID: appId,
          privateKeySecretRef: await ref(privateKey),
          ...(installationId !== undefined && { installation: { id: installationId } }),
        },
      };
  if (!auth)
    throw new CliError(
      'There is nothing to check.',
      'Name a GitIntegration, or give a token or a private key.',
    );
  const spec = {
    provider: given.provider,
    project: 'unused',
    auth,
    ...(given.url !== undefined && { url: given.url }),
    ...(given.apiUrl !== undefined && { apiURL: given.apiUrl }),
    ...(given.repositories.length > 0 && { validation: { repositories: given.repositories } }),
  };
  const metadata = {
    name: 'given',
    namespace: 'given',
    uid: 'given',
    resourceVersion: '1',
    creationTimestamp: '',
  };
  return {
    object: { metadata, spec },
    source: {
      async get(_resource: Resource, key: string) {
        const name = key.slice(key.indexOf('/') + 1);
        return { metadata: { ...metadata, name }, data: ownMember(data, name) ?? {} };
      },
    },
  };
}

/** Reads bytes, not text: what is wrong with their encoding is the operator's to say. */
async function readGiven(
  value: GivenValue,
  io: Io,
): Promise<{ name: string; key: string; bytes: Uint8Array }> {
  const keyOf = (text: string) => text.replaceAll(/[^-._a-zA-Z0-9]/g, '-') || 'stdin';
  if (value.from === 'file') {
    const bytes = value.path === '-' ? await io.stdin() : await readFileBounded(value.path);
    return { name: 'file', key: keyOf(basename(value.path)), bytes };
  }
  const text = io.env[value.variable];
  if (text === undefined || text === '')
    throw new CliError(
      `The environment variable ${printable(value.variable)} is not set.`,
      'Set it, or name another.',
    );
  return { name: 'environment', key: keyOf(value.variable), bytes: Buffer.from(text) };
}

function givenCredential(provider: ProviderName, flags: CheckFlags): GivenCredential {
  const { url, apiUrl, username, appId, installationId, repository = [] } = flags;
  const value = (variable: string | undefined, path: string | undefined): GivenValue | undefined => {
    if (variable !== undefined) return { from: 'environment', variable };
    return path === undefined ? undefined : { from: 'file', path };
  };
  const token = value(flags.tokenEnv, flags.tokenFile);
  const privateKey = value(flags.privateKeyEnv, flags.privateKeyFile);
  return {
    provider,
    repositories: repository,
    ...(url !== undefined && { url }),
    ...(apiUrl !== undefined && { apiUrl }),
    ...(token && { token }),
    ...(username !== undefined && { username }),
    ...(appId !== undefined && { appId }),
    ...(privateKey && { privateKey }),
    ...(installationId !== undefined && { installationId }),
  };
}
