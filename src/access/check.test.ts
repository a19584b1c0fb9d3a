import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createManualClock } from '../../test/harness/manual-clock.ts';
import { KubeStatusError } from '../kube/errors.ts';
import { type Log, silentLog } from '../kube/log.ts';
import { createAccessCheck } from './check.ts';

const question = z.object({
  spec: z.object({
    resourceAttributes: z.object({
      verb: z.string(),
      group: z.string(),
      resource: z.string(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    }),
  }),
});

/** A check against a server that refuses what `refused` names, as `verb resource namespace`. */
function stage(watchNamespaces?: string[]) {
  const refused = new Set<string>();
  const asked: string[] = [];
  const lines: string[] = [];
  const missing: number[] = [];
  const clock = createManualClock();
  const write = (_fields: object, message: string): void => void lines.push(message);
  const log: Log = { ...silentLog, error: write, warn: write, info: write };
  const check = createAccessCheck({
    client: {
      ask(_resource, body) {
        const {
          verb,
          resource,
          subresource,
          namespace = '*',
          name,
        } = question.parse(body).spec.resourceAttributes;
        const what = [resource, ...(subresource ? [subresource] : [])].join('/');
        const text = [verb, what, namespace, ...(name ? [name] : [])].join(' ');
        asked.push(text);
        if (refused.has('ask'))
          throw new KubeStatusError('create reviews', { code: 403, reason: 'Forbidden' });
        return Promise.resolve({ status: { allowed: !refused.has(text) } });
      },
    },
    installation: {
      operatorNamespace: 'system',
      watchNamespaces,
      clusterConnections: !watchNamespaces,
      leaderElect: true,
    },
    log,
    onMissing: (count) => missing.push(count),
    clock,
  });
  return { check, refused, asked, lines, missing, clock };
}

const never = new AbortController().signal;

describe('the check at the start', () => {
  it('asks for each right in its place, and is silent when all are there', async () => {
    const { check, asked, lines } = stage();
    await check.untilGranted(never);
    expect(asked).toContain('patch gitintegrations/status *');
    expect(asked).toContain('get namespaces * kube-system');
    expect(asked).toContain('create secrets system');
    expect(lines).toEqual([]);
  });

  it('says once what is missing and what for, and goes on when it is granted', async () => {
    const { check, refused, lines, missing, clock } = stage();
    for (const each of ['list configmaps *', 'watch configmaps *', 'get namespaces * kube-system'])
      refused.add(each);
    const done = check.untilGranted(never);
    await clock.advance(30_000);
    expect(lines).toEqual([
      'The operator lacks permission to list or watch configmaps in any namespace; it needs that to detect changed certificates. Bind its service account to the roles of the Helm chart or of docs/permissions.md.',
      'The operator lacks permission to get namespaces "kube-system"; it needs that to name the cluster by the UID of this namespace. Bind its service account to the roles of the Helm chart or of docs/permissions.md.',
    ]);
    refused.clear();
    await clock.advance(5_000);
    await done;
    expect(lines.slice(2)).toEqual(['All permissions are there now.']);
    expect(new Set(missing)).toEqual(new Set([2, 0]));
    expect(missing.at(-1)).toBe(0);
  });

  it('does not wait for one namespace of several, but reports it', async () => {
    const { check, refused, asked, lines, missing, clock } = stage(['team-a', 'team-b']);
    refused.add('get secrets team-b').add('get namespaces team-b team-b');
    await check.untilGranted(never);
    expect(asked.filter((each) => each.includes('team-'))).toEqual([]);
    const done = check.followNamespaces(never);
    await clock.advance(0);
    expect(lines).toEqual([
      expect.stringContaining(
        'lacks permission to get secrets in namespace "team-b"; it needs that to read the Secrets',
      ),
      expect.stringContaining('lacks permission to get namespaces in namespace "team-b"'),
    ]);
    expect(missing.at(-1)).toBe(2);
    refused.clear();
    await clock.advance(5_000);
    await done;
    expect(missing.at(-1)).toBe(0);
  });

  it('goes on where no one may ask', async () => {
    const { check, refused, lines } = stage(['team-a']);
    refused.add('ask');
    await check.untilGranted(never);
    await check.followNamespaces(never);
    expect(lines).toEqual(['The permissions of this process can not be checked.']);
  });

  it('ends when it is asked to stop', async () => {
    const { check, refused } = stage();
    refused.add('get secrets *');
    const stop = new AbortController();
    const done = check.untilGranted(stop.signal);
    stop.abort(new Error('stop'));
    await expect(done).rejects.toThrow('stop');
  });
});
