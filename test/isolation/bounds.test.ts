import { expect, it } from 'vitest';
import { parseConnectionStatus } from '../../src/api/v1alpha1/connection-status.ts';
import { kinds } from '../harness/cluster.ts';
import { certificate, keys } from '../harness/hostile/certificate.ts';
import { costlyChain } from '../harness/hostile/certificate-chain.ts';
import {
  consistentKey,
  der,
  derInteger,
  oddNumber,
  pem,
  pkcs1Der,
  pkcs8Der,
  withExponent,
} from '../harness/hostile/rsa-key.ts';
import type { Peer } from '../harness/peers/peer.ts';
import { createHostileCodeMie, hostileUrl } from './hostile-codemie.ts';
import { expectUnharmed, underAttack, useStage } from './use-stage.ts';

/** Servers whose certificates take a second to check, each. */
const costly: Peer = {
  name: 'costly certificates',
  hosts: Array.from({ length: 12 }, (_, index) => `chain-${index}.evil-${index}.example`),
  certificate: costlyChain(),
  requests: [],
  handler: (_request, response) => void response.end(),
  close: () => Promise.resolve(),
};
const stage = useStage({ peers: [createHostileCodeMie(), costly] });

/** Waits until the condition of an integration says that. */
async function saysOf(key: string, condition: string, want: string): Promise<string> {
  return (await stage.cluster.waitForConditions(key, { [condition]: want })).condition(condition).message;
}

const rsaPem = (key: Buffer): string => pem('RSA PRIVATE KEY', key);
const small = consistentKey(2048);
const dsa = der(0x30, derInteger(oddNumber(100_000)), derInteger(oddNumber(256)), derInteger(3n));

const hostileKeys: { name: string; key: string; says: string }[] = [
  { name: 'exponent', key: rsaPem(pkcs1Der(withExponent(small, 131_072))), says: 'more than 32 bits' },
  { name: 'modulus', key: rsaPem(pkcs1Der(consistentKey(16_384))), says: 'has 16384 bits' },
  {
    name: 'dsa',
    key: pem('PRIVATE KEY', pkcs8Der('2a8648ce380401', dsa, derInteger(oddNumber(100_000)))),
    says: 'not an RSA key',
  },
  { name: 'large', key: `${'x'.repeat(900_000)}${rsaPem(pkcs1Der(small))}`, says: 'larger than 64 KiB' },
];

it('private keys that take minutes to compute with block no one', async () => {
  const team = await stage.tenant('keys');
  const attack = async (): Promise<void> => {
    for (const { name, key } of hostileKeys) {
      await team.create(kinds.secret, name, { stringData: { privateKey: key } });
      const auth = { githubApp: { appID: 7, privateKeySecretRef: { name } } };
      await team.integrate(name, { alias: name, auth });
    }
  };
  const report = await underAttack(stage, attack);
  expect(report.healthy).toBeGreaterThan(0);
  expectUnharmed(stage, report);
  for (const { name, says } of hostileKeys)
    expect(
      await saysOf(`${team.namespace}/${name}`, 'CredentialsResolved', 'False/PrivateKeyInvalid'),
    ).toContain(says);
});

it('the longest keys that are accepted are signed with next to the others', async () => {
  const team = await stage.tenant('long-keys');
  const attack = async (): Promise<void> => {
    const key = rsaPem(pkcs1Der(consistentKey(8192, 4_294_967_291n)));
    await team.create(kinds.secret, 'long', { stringData: { privateKey: key } });
    for (let index = 0; index < 4; index++) {
      const auth = { githubApp: { appID: index + 1, privateKeySecretRef: { name: 'long' } } };
      await team.integrate(`long-${index}`, { alias: `long-${index}`, auth });
    }
  };
  const report = await underAttack(stage, attack);
  expect(report.healthy).toBeGreaterThan(0);
  expectUnharmed(stage, report);
});

it('hosts that are patterns with many stars block no one', async () => {
  const team = await stage.tenant('stars');
  await team.storeToken();
  await team.create(kinds.secret, 'login', { stringData: { token: 'x' } });
  const stars = `${'*a'.repeat(60)}.b.example.com`;
  const auth = { token: { secretRef: { name: 'login' } } };
  const attack = async (): Promise<void> => {
    await team
      .create(kinds.connection, 'url', { spec: { url: `https://${stars}/api`, auth } })
      .catch(() => {});
    const url = hostileUrl('version');
    await team.create(kinds.connection, 'hosts', { spec: { url, auth, providerHosts: [stars] } });
    for (const name of ['url', 'hosts'])
      await team.integrate(name, {
        connectionRef: { kind: 'CodeMieConnection', name },
        url: `https://${'a'.repeat(60)}.${'a'.repeat(60)}.${'a'.repeat(60)}.b.example.org`,
      });
  };
  const report = await underAttack(stage, attack);
  expect(report.healthy).toBeGreaterThan(0);
  expectUnharmed(stage, report);
  await saysOf(`${team.namespace}/hosts`, 'Ready', 'False/HostNotAllowed');
});

const many = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join('\n');

const bundles: { name: string; bundle: string; says: string }[] = [
  { name: 'begins', bundle: '-----BEGIN CERTIFICATE-----\n'.repeat(36_000), says: 'larger than 512 KiB' },
  { name: 'begins-within', bundle: '-----BEGIN CERTIFICATE-----\n'.repeat(18_000), says: 'no PEM' },
  {
    name: 'many',
    bundle: '-----BEGIN CERTIFICATE----------END CERTIFICATE-----'.repeat(9_000),
    says: 'more than 400',
  },
  { name: 'curves', bundle: many(90, (index) => certificate(index, keys.ownCurve)), says: 'Certificate 1' },
  {
    name: 'binary',
    bundle: many(90, (index) => certificate(index, keys.binaryCurve)),
    says: 'Certificate 1',
  },
];

it('bundles of certificates block no one', async () => {
  const team = await stage.tenant('bundles');
  await team.storeToken();
  const attack = async (): Promise<void> => {
    for (const { name, bundle } of bundles) {
      await team.create(kinds.configMap, name, { data: { 'ca.crt': bundle } });
      await team.integrate(name, { alias: name, tls: { caRef: { name } } });
    }
  };
  const report = await underAttack(stage, attack);
  expect(report.healthy).toBeGreaterThan(0);
  expectUnharmed(stage, report);
  for (const { name, says } of bundles)
    expect(
      await saysOf(`${team.namespace}/${name}`, 'CredentialsResolved', 'False/SecretValueInvalid'),
    ).toContain(says);
});

it('chains of certificates that take a second to check block no one', async () => {
  const team = await stage.tenant('chains');
  await team.storeToken();
  await team.create(kinds.secret, 'login', { stringData: { token: 'x' } });
  const auth = { token: { secretRef: { name: 'login' } } };
  const attack = async (): Promise<void> => {
    await team.create(kinds.connection, 'own', {
      spec: { url: hostileUrl('version'), auth, providerHosts: [...costly.hosts] },
    });
    for (const [index, host] of costly.hosts.entries()) {
      await team.create(kinds.connection, `own-${index}`, { spec: { url: `https://${host}/api`, auth } });
      for (const name of [`a-${index}`, `b-${index}`]) {
        await team.create(kinds.secret, name, { stringData: { token: stage.secret('ghp_') } });
        await team.integrate(name, {
          alias: name,
          url: `https://${host}`,
          auth: { token: { secretRef: { name } } },
          connectionRef: { kind: 'CodeMieConnection', name: 'own' },
        });
      }
    }
  };
  const report = await underAttack(stage, attack, { lastingMs: 20_000 });
  expect(report.healthy).toBeGreaterThan(0);
  expectUnharmed(stage, report);
}, 180_000);

it.each(['bomb', 'rows', 'brackets', 'nothing', 'grows', 'projects', 'keys'] as const)(
  "a tenant's own CodeMie whose answers are hostile blocks no one: %s",
  async (hostility) => {
    const team = await stage.tenant(hostility);
    await team.storeToken();
    await team.create(kinds.secret, 'login', { stringData: { token: 'x' } });
    const auth = { token: { secretRef: { name: 'login' } } };
    const attack = async (): Promise<void> => {
      await team.create(kinds.connection, 'own', { spec: { url: hostileUrl(hostility), auth } });
      for (let index = 0; index < 4; index++)
        await team.integrate(`own-${index}`, {
          alias: `own-${index}`,
          connectionRef: { kind: 'CodeMieConnection', name: 'own' },
        });
    };
    const report = await underAttack(stage, attack);
    expect(report.healthy).toBeGreaterThan(0);
    expectUnharmed(stage, report);
  },
  120_000,
);

it('a login that CodeMie describes at great length has a status', async () => {
  const team = await stage.tenant('version');
  await team.create(kinds.secret, 'login', { stringData: { token: 'x' } });
  const auth = { token: { secretRef: { name: 'login' } } };
  await team.create(kinds.connection, 'own', { spec: { url: hostileUrl('version'), auth } });
  const status = await stage.cluster.waitFor('the connection to be Ready', async () => {
    const object = await stage.cluster.get(kinds.connection, `${team.namespace}/own`);
    const parsed = parseConnectionStatus(object?.['status']);
    return parsed.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && parsed;
  });
  expect(status.serverVersion).toBeUndefined();
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'a key of a Secret that is called %s is missing like any other',
  async (key) => {
    const team = await stage.tenant('names');
    await team.storeToken();
    await team.integrate('own', { auth: { token: { secretRef: { name: 'token', key } } } });
    const message = await saysOf(`${team.namespace}/own`, 'CredentialsResolved', 'False/SecretKeyMissing');
    expect(message).toContain(`has no key "${key}"`);
  },
);

it('and is found where it is there', async () => {
  const team = await stage.tenant('names');
  const token = stage.gitHubToken();
  await team.create(kinds.secret, 'token', { stringData: { constructor: token } });
  await team.integrate('own', {
    alias: 'constructor',
    auth: { token: { secretRef: { name: 'token', key: 'constructor' } } },
  });
  expect(await saysOf(`${team.namespace}/own`, 'Ready', 'True')).toBeTruthy();
});
