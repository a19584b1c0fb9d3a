import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stretched } from '../../../test/harness/pace.ts';
import type { KubeObject } from '../../kube/object.ts';
import { createHttpClientPool, type HttpClientPool } from '../../net/http-client-pool.ts';
import { ValueFault } from '../value-reader.ts';
import { createSessionPool, type SessionPool } from './session-pool.ts';

const common = { namespace: 'team', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const { signal } = new AbortController();
/** The Secret that connections name, while there is one. */
let secret: KubeObject | undefined;
let clients: HttpClientPool;
let sessions: SessionPool;

beforeEach(() => {
  secret = {
    metadata: { ...common, name: 'login', uid: 's' },
    data: { token: Buffer.from('secret').toString('base64') },
  };
  clients = createHttpClientPool({ timeoutMs: stretched(1000), maxBodyBytes: 1000, userAgent: 'test/1' });
  sessions = createSessionPool({
    kube: { get: async () => secret },
    http: clients,
    operatorNamespace: 'system',
    namesIn: (_, namespace) => (namespace === 'system' ? ['logins', 'logon'] : ['logins']),
    tenantPrivateNetworks: false,
    now: Date.now,
    busy: () => false,
  });
});
afterEach(() => clients.close());

function connection(more: Partial<KubeObject['metadata']> = {}, url = 'https://a.example.com'): KubeObject {
  return {
    metadata: { ...common, name: 'own', uid: 'c', generation: 1, ...more },
    spec: { url, auth: { token: { secretRef: { name: 'login' } } } },
  };
}

const open = (of = connection()) => sessions.open(of, signal);

describe('createSessionPool', () => {
  it('opens one session for all who ask', async () => {
    expect(await open()).toBe(await open());
  });

  it('keeps it while a connection is deleted, which moves the generation and nothing else', async () => {
    const before = await open();
    secret = undefined;
    expect(await open(connection({ generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe(before);
  });

  it('opens another one for another spec', async () => {
    const before = await open();
    expect(await open(connection({ generation: 2 }, 'https://b.example.com'))).not.toBe(before);
  });

  it('has the last one as long as its Secret is gone', async () => {
    const before = await open();
    const kept = secret;
    secret = undefined;
    sessions.renew('c');
    await expect(open()).rejects.toThrow(ValueFault);
    expect(await sessions.last('c')).toBe(before);
    secret = kept;
    expect(await open()).not.toBe(before);
    expect(sessions.last('c')).toBeUndefined();
  });

  it('names a similar Secret to the owner of the namespace, and none of the operator’s to tenants', async () => {
    secret = undefined;
    await expect(open()).rejects.toThrow('does not exist in namespace "team"; there is one called "logins".');
    const { namespace: _, ...ofCluster } = connection().metadata;
    const shared = { ...connection(), metadata: { ...ofCluster, uid: 'shared' } };
    await expect(open(shared)).rejects.toThrow('does not exist in namespace "system". Create it');
  });

  it('has nothing of a connection that is forgotten', async () => {
    await open();
    sessions.renew('c');
    sessions.forget('c');
    expect(sessions.last('c')).toBeUndefined();
  });
});
