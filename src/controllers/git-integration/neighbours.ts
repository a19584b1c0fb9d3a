import { z } from 'zod';
import { canonicalUrl } from '../../domain/canonical-url.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Change, Store } from '../../kube/store.ts';
import { providers } from '../../providers/registry.ts';
import { urlForCodeMie } from './url-for-codemie.ts';

/** What is registered, and for which host. No more of an object is parsed: this is asked at every change of each. */
const registeredSchema = z.object({
  spec: z.object({ provider: z.string(), url: z.string().optional() }),
  status: z.object({
    registration: z.object({ connectionUID: z.string(), scope: z.string(), project: z.string() }),
  }),
});

/** The UID of the connection that the row of an object was made through. */
export function registeredThrough(object: KubeObject): string | undefined {
  return registeredSchema.safeParse(object).data?.status.registration.connectionUID;
}

/**
 * What integrations have in common of which CodeMie may take any: the project and the Git host. Undefined for one that
 * has no row yet.
 */
export function neighbourhoodOf(object: KubeObject): string | undefined {
  const { spec, status } = registeredSchema.safeParse(object).data ?? {};
  const provider = Object.values(providers).find(({ name }) => name === spec?.provider)?.name;
  if (!spec || !status || !provider) return undefined;
  if (spec.url !== undefined && !URL.canParse(spec.url)) return undefined;
  const url = urlForCodeMie({ provider, url: spec.url }, providers);
  const { connectionUID, scope, project } = status.registration;
  return JSON.stringify([connectionUID, scope, project, canonicalUrl(url)]);
}

/**
 * Who has something else to say since that change: of two the other one, as it was alone before, and the last one that
 * is left. With more of them, all know already.
 */
export function changedNeighbours({ type, object, previous }: Change, store: Store): KubeObject[] {
  const now = type === 'deleted' ? undefined : neighbourhoodOf(object);
  const before = type === 'deleted' ? neighbourhoodOf(object) : previous && neighbourhoodOf(previous);
  if (now === before) return [];
  return [now, before].flatMap((neighbourhood) => onlyOther(object, neighbourhood, store));
}

/** The only one beside that object, if there is exactly one. */
export function onlyNeighbour(object: KubeObject, store: Store): KubeObject | undefined {
  return onlyOther(object, neighbourhoodOf(object), store)[0];
}

function onlyOther(object: KubeObject, neighbourhood: string | undefined, store: Store): KubeObject[] {
  if (neighbourhood === undefined) return [];
  const others = store
    .byIndex('neighbourhood', neighbourhood)
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid);
  return others.length === 1 ? others : [];
}
