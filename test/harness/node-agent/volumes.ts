import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isNotFound } from '../../../src/kube/errors.ts';
import type { NodeApi } from './api.ts';
import { fieldOf, type PodFacts } from './environment.ts';
import type { Volume } from './pod-spec.ts';

/** What the volumes of a Pod are made of. */
export interface VolumeSources {
  api: NodeApi;
  facts: PodFacts;
}

const stored = z.object({
  data: z.record(z.string(), z.string()).default({}),
});

/**
 * Makes the volumes as folders below `folder`, named as in the spec. Content is written once: a token is good for as
 * long as it says, and nothing renews it.
 *
 * @throws Error while a Secret or ConfigMap does not exist: the Pod has to wait for it
 */
export async function makeVolumes(
  volumes: readonly Volume[],
  folder: string,
  sources: VolumeSources,
): Promise<void> {
  for (const volume of volumes) {
    const place = join(folder, volume.name);
    await mkdir(place, { recursive: true });
    for (const [path, content] of await filesOf(volume, sources)) {
      const file = join(place, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}

/** Reads a whole Secret or ConfigMap. @throws Error when it does not exist */
export async function readData(
  kind: 'secret' | 'configMap',
  name: string,
  { api, facts }: VolumeSources,
): Promise<Map<string, Buffer>> {
  const plural = kind === 'secret' ? 'secrets' : 'configmaps';
  const encoding = kind === 'secret' ? 'base64' : 'utf8';
  try {
    const object = await api.get(`/api/v1/namespaces/${facts.namespace}/${plural}/${name}`);
    const { data } = stored.parse(object);
    return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]));
  } catch (error) {
    if (isNotFound(error)) throw new Error(`${plural} ${name} does not exist.`, { cause: error });
    throw error;
  }
}

type Files = [path: string, content: Buffer | string][];

async function filesOf(volume: Volume, sources: VolumeSources): Promise<Files> {
  const { projected, configMap, secret } = volume;
  if (configMap) return pick(await readData('configMap', configMap.name, sources), configMap.items);
  if (secret) return pick(await readData('secret', secret.secretName, sources), secret.items);
  const files: Files = [];
  for (const source of projected?.sources ?? []) {
    if (source.configMap)
      files.push(
        ...pick(await readData('configMap', source.configMap.name, sources), source.configMap.items),
      );
    if (source.secret)
      files.push(...pick(await readData('secret', source.secret.name, sources), source.secret.items));
    for (const { path, fieldRef } of source.downwardAPI?.items ?? [])
      files.push([path, fieldOf(sources.facts, fieldRef.fieldPath)]);
    if (source.serviceAccountToken)
      files.push([source.serviceAccountToken.path, await requestToken(source.serviceAccountToken, sources)]);
  }
  return files;
}

function pick(data: Map<string, Buffer>, items?: readonly { key: string; path: string }[]): Files {
  if (!items) return [...data];
  return items.map(({ key, path }) => {
    const content = data.get(key);
    if (content === undefined) throw new Error(`There is no key ${key}.`);
    return [path, content];
  });
}

/**
 * A token bound to the Pod, as the kubelet asks for it.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
 */
async function requestToken(
  { expirationSeconds, audience }: { expirationSeconds: number; audience?: string | undefined },
  { api, facts }: VolumeSources,
): Promise<string> {
  const { namespace, serviceAccountName, name, uid } = facts;
  const answer = await api.post(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        expirationSeconds,
        ...(audience !== undefined && { audiences: [audience] }),
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    },
  );
  return z.object({ status: z.object({ token: z.string() }) }).parse(answer).status.token;
}
