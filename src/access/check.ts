import { isAllowed, type ResourceAttributes } from '../kube/access-review.ts';
import type { KubeClient } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { errorFields, type Log } from '../kube/log.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';
import { type OperatorInstallation, type Permission, permissionsOf } from './permissions.ts';

/** What the check works with. */
export interface AccessCheckOptions {
  client: Pick<KubeClient, 'ask'>;
  installation: OperatorInstallation & { operatorNamespace: string };
  log: Log;
  /** Receives the number of missing permissions whenever it changes. */
  onMissing?: (count: number) => void;
  clock?: Clock;
}

/** The check of what the login of this process may do. */
export interface AccessCheck {
  /**
   * Waits until the operator may do what it can't work without: in the cluster and in its own namespace. In the
   * meantime it logs, in one sentence each, what is missing and what for.
   *
   * @throws what the API server answers; the signal's reason
   */
  untilGranted(signal: AbortSignal): Promise<void>;
  /**
   * Logs what is missing in the namespaces of `--watch-namespaces`, until all is there or the signal aborts. One
   * that is not there yet, or not any more, is no reason to leave the others alone. Never rejects.
   */
  followNamespaces(signal: AbortSignal): Promise<void>;
}

/** Some verbs of one permission in one place. */
export interface Need {
  permission: Permission;
  /** Undefined: in all namespaces, or of a kind that has none. */
  namespace: string | undefined;
  verbs: readonly string[];
}

/** Time between two looks while something is missing. */
const intervalMs = durations.operator.accessCheckMs;
/** Questions that are under way at the same time. */
const concurrency = 8;

/** Makes the check. It asks for itself only, which every login may by default. */
export function createAccessCheck({
  client,
  installation,
  log,
  onMissing = () => undefined,
  clock,
}: AccessCheckOptions): AccessCheck {
  const needs = needsOf(installation);
  const missing = { everywhere: 0, inNamespaces: 0 };
  const isOfOne = ({ permission: { where } }: Need): boolean =>
    where === 'watched' && installation.watchNamespaces !== undefined;

  async function untilAllowed(
    wanted: readonly Need[],
    where: keyof typeof missing,
    signal: AbortSignal,
  ): Promise<void> {
    let reported = '';
    while (!signal.aborted) {
      const sentences = await missingAccess(wanted, client, signal);
      missing[where] = sentences.length;
      onMissing(missing.everywhere + missing.inNamespaces);
      if (sentences.join() !== reported) {
        for (const sentence of sentences) log.error({}, sentence);
        if (sentences.length === 0) log.info({}, 'All permissions are there now.');
      }
      if (sentences.length === 0) return;
      reported = sentences.join();
      await sleep(intervalMs, signal, clock);
    }
  }

  return {
    async untilGranted(signal) {
      try {
        await untilAllowed(
          needs.filter((need) => !isOfOne(need)),
          'everywhere',
          signal,
        );
      } catch (error) {
        if (!isForbidden(error)) throw error;
        log.warn(errorFields(error), 'The permissions of this process can not be checked.');
      }
      signal.throwIfAborted();
    },
    async followNamespaces(signal) {
      for (;;) {
        try {
          return await untilAllowed(needs.filter(isOfOne), 'inNamespaces', signal);
        } catch (error) {
          // Logged at the start already.
          if (isForbidden(error)) return;
          await sleep(intervalMs, signal, clock);
        }
      }
    },
  };
}

/** What an installation needs, place by place. */
export function needsOf(installation: AccessCheckOptions['installation']): Need[] {
  const { watchNamespaces, operatorNamespace } = installation;
  const places = {
    cluster: [undefined],
    watched: watchNamespaces ?? [undefined],
    own: [operatorNamespace],
    default: ['default'],
  };
  return permissionsOf(installation).flatMap((permission) =>
    places[permission.where].map((namespace) => ({ permission, namespace, verbs: permission.verbs })),
  );
}

/**
 * Asks about each need, and says in one sentence each which are missing and what for. Verbs of one need share it.
 *
 * @throws what the API server answers
 */
export async function missingAccess(
  needs: readonly Need[],
  client: Pick<KubeClient, 'ask'>,
  signal: AbortSignal,
): Promise<string[]> {
  const questions = needs.flatMap((need) => need.verbs.map((verb) => ({ need, verb })));
  const refused = new Map<Need, string[]>();
  const ask = async (): Promise<void> => {
    for (let next = questions.shift(); next; next = questions.shift()) {
      const { need, verb } = next;
      if (await isAllowed(client, accessOf(need, verb), signal)) continue;
      refused.set(need, [...(refused.get(need) ?? []), verb]);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, ask));
  return needs.flatMap((need) => {
    const verbs = refused.get(need);
    return verbs ? [sentenceOf({ ...need, verbs: need.verbs.filter((verb) => verbs.includes(verb)) })] : [];
  });
}

function accessOf({ permission, namespace }: Need, verb: string): ResourceAttributes {
  const { resource, subresource, names } = permission;
  // The API server counts a Namespace to the namespace that it is.
  const name = names?.[0] ?? (resource.kind === 'Namespace' ? namespace : undefined);
  return {
    verb,
    resource,
    ...(subresource && { subresource }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
}

function sentenceOf({ permission, namespace, verbs }: Need): string {
  const { resource, subresource, names, why } = permission;
  const what = [resource.plural, ...(subresource ? [subresource] : [])].join('/');
  const which = [what, ...(names ?? []).map((name) => `"${name}"`)].join(' ');
  const everywhere = resource.namespaced ? ' in any namespace' : '';
  const where = namespace === undefined ? everywhere : ` in namespace "${namespace}"`;
  const purpose = why.replaceAll('`', '');
  return `The operator lacks permission to ${verbs.join(' or ')} ${which}${where}; it needs that to ${purpose}. Bind its service account to the roles of the Helm chart or of docs/permissions.md.`;
}
