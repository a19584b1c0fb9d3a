import { afterEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../test/harness/pki/certificate-authority.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { createHttpClients, type HttpClients } from './http-clients.ts';

const policy: EgressPolicy = { allowedHosts: ['a.test', 'b.test'], allowPrivateNetworks: false };
const ca = [(await createCertificateAuthority()).pem];

describe('createHttpClients', () => {
  let clients: HttpClients;
  afterEach(() => clients.close());

  function poolOf(maxClients: number): HttpClients {
    clients = createHttpClients({ timeoutMs: 100, maxBodyBytes: 100, userAgent: 'test/1', maxClients });
    return clients;
  }

  it.each([
    { name: 'the same policy', other: { policy: { ...policy } }, same: true },
    {
      name: 'the hosts in another order',
      other: { policy: { ...policy, allowedHosts: ['b.test', 'a.test'] } },
      same: true,
    },
    { name: 'no certificates, said so', other: { policy, ca: [] }, same: true },
    { name: 'other hosts', other: { policy: { ...policy, allowedHosts: ['a.test'] } }, same: false },
    { name: 'private networks', other: { policy: { ...policy, allowPrivateNetworks: true } }, same: false },
    { name: 'plain http', other: { policy: { ...policy, allowHttp: true } }, same: false },
    { name: 'another trust', other: { policy, ca }, same: false },
  ])('shares a client for $name: $same', ({ other, same }) => {
    const pool = poolOf(10);
    expect(pool.get(other) === pool.get({ policy })).toBe(same);
  });

  it('closes the one that was not used for longest', async () => {
    const pool = poolOf(2);
    const profile = (host: string) => ({ policy: { allowedHosts: [host], allowPrivateNetworks: true } });
    const [a, b] = [pool.get(profile('a.test')), pool.get(profile('b.test'))];
    pool.get(profile('a.test'));
    pool.get(profile('c.test'));
    expect(pool.get(profile('a.test'))).toBe(a);
    await expect(b.request({ url: 'https://b.test/' })).rejects.toMatchObject({ kind: 'Aborted' });
    expect(pool.get(profile('b.test'))).not.toBe(b);
  });
});
