import { generateKeyPairSync, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../../src/api/group.ts';
import { toStructuralSchema } from '../../../src/api/structural-schema.ts';
import { codeMieConnectionSpecSchema } from '../../../src/api/v1alpha1/connection-spec.ts';
import { gitIntegrationSpecSchema } from '../../../src/api/v1alpha1/git-integration-spec.ts';
import type { Resource } from '../../../src/kube/object.ts';
import { kinds } from '../../harness/cluster.ts';
import { consistentKey, pem, pkcs1Der, withExponent } from '../../harness/hostile/rsa-key.ts';
import { sharedProject } from '../stage.ts';
import { type Choices, type FieldPath, fromSchema } from './from-schema.ts';

/** What an attacker has, so that generated objects refer to things that are there. */
export interface Surroundings {
  /** Tokens that may appear nowhere. They are in Secrets, ConfigMaps and what hostile servers echo. */
  canaries: readonly string[];
  /** Hosts of hostile servers that anything may be asked of. */
  hosts: readonly string[];
  /** Base URLs of hostile CodeMie servers. */
  codemieUrls: readonly string[];
  /** URL of the honest token endpoint. */
  tokenURL: string;
  /** A client that the token endpoint knows. */
  clientID: string;
}

/** An object to create, without its namespace. */
export interface HostileObject {
  kind: Resource;
  name: string;
  metadata: { annotations?: Record<string, string>; labels?: Record<string, string>; finalizers?: string[] };
  fields: Record<string, unknown>;
  /** Delete it as soon as it is created. */
  doomed: boolean;
}

/** Names are few, so that objects refer to each other. `token` and `codemie` are honest Secrets of the namespace. */
const names = {
  secret: numbered('secret', 12),
  configMap: numbered('map', 8),
  connection: numbered('connection', 12),
  integration: numbered('integration', 400),
};
function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}
/** Keys of values that the kinds name by default. */
export const valueKeys = [
  'token',
  'username',
  'password',
  'clientSecret',
  'email',
  'appID',
  'privateKey',
  'installationID',
  'ca.crt',
];
/** Keys of Secrets that are names of what every JavaScript object has. */
const inheritedKeys = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf'];

/** Objects of all four kinds that a tenant writes, most of them integrations. */
export function hostileObjects(surroundings: Surroundings): fc.Arbitrary<HostileObject> {
  // Most pass the CRD's rules, too; the rest is for the API server to refuse.
  const spec = (schema: Parameters<typeof toStructuralSchema>[0], choices: Choices) => {
    const any = fromSchema(toStructuralSchema(schema, 'spec'), choices);
    const sound = any.filter((value) => schema.safeParse(value).success);
    return fc.oneof({ weight: 9, arbitrary: sound }, { weight: 1, arbitrary: any });
  };
  const integration = spec(gitIntegrationSpecSchema, integrationChoices(surroundings));
  const connection = spec(codeMieConnectionSpecSchema, connectionChoices(surroundings));
  return fc.oneof(
    {
      weight: 12,
      arbitrary: object(
        kinds.integration,
        names.integration,
        integration.map((each) => ({ spec: each })),
      ),
    },
    {
      weight: 3,
      arbitrary: object(
        kinds.connection,
        names.connection,
        connection.map((each) => ({ spec: each })),
      ),
    },
    { weight: 3, arbitrary: object(kinds.secret, names.secret, secretData(surroundings)) },
    { weight: 2, arbitrary: object(kinds.configMap, names.configMap, configMapData(surroundings)) },
  );
}

function object(
  kind: Resource,
  choices: readonly string[],
  fields: fc.Arbitrary<Record<string, unknown>>,
): fc.Arbitrary<HostileObject> {
  const doomed = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true));
  return fc.record({ kind: fc.constant(kind), name: fc.constantFrom(...choices), metadata, fields, doomed });
}

/** What the owner of an object may write besides its content. */
const metadata: fc.Arbitrary<HostileObject['metadata']> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.record({
      annotations: fc.constantFrom(
        { [RECONCILE_REQUESTED_ANNOTATION]: 'x'.repeat(100_000) },
        { 'example.com/large': 'x'.repeat(250_000) },
        Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`example.com/a-${index}`, ''])),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      labels: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`l-${index}`, 'x'.repeat(63)])),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      finalizers: fc.constantFrom<string[][]>(['codemie.ai/registration'], ['example.com/mine']),
    }),
  },
);

/** Without a listener. */
const ports = Array.from({ length: 20 }, (_, index) => 1_001 + index);
const some = fc.constantFrom;
const often = <A, B>(weight: number, usual: fc.Arbitrary<A>, odd: fc.Arbitrary<B>) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** References to Secrets and ConfigMaps: `honest` is the Secret that works. */
function referenceChoices(honest: string) {
  return (path: FieldPath): fc.Arbitrary<unknown> | undefined => {
    const [parent = '', name = ''] = path.slice(-2);
    if (name === 'key') return often(4, some(...valueKeys), some(...inheritedKeys));
    if (name !== 'name') return undefined;
    if (parent === 'caRef') return some(...names.configMap, ...names.secret.slice(0, 2));
    return parent.endsWith('Ref') ? often(4, some(honest, ...names.secret), some('absent')) : undefined;
  };
}

function urlsOf({ hosts }: Surroundings): fc.Arbitrary<string> {
  const known = some(
    'github.com',
    'gitlab.com',
    'bitbucket.org',
    'dev.azure.com',
    ...ports.map((port) => `github.com:${port}`),
  );
  const hostile = fc.tuple(some(...hosts), some('', '', '', ':8443')).map((parts) => parts.join(''));
  const host = fc.oneof(hostile, often(3, known, oddHosts));
  const path = often(
    3,
    some('', '/api/v3', '/acme'),
    some('/', '/a'.repeat(200), '/%2e%2e/%00', '/𝒜/\u202e', '//evil'),
  );
  return fc.tuple(host, path).map(([to, at]) => `https://${to}${at}`.slice(0, 500));
}

/** Meaning for fields of GitIntegration. A field that is not here gets what the schema allows. */
function integrationChoices(surroundings: Surroundings): Choices {
  const reference = referenceChoices('token');
  const url = urlsOf(surroundings);
  const named = new Map<string, fc.Arbitrary<unknown>>([
    ['url', url],
    ['apiURL', url],
    ['project', often(12, fc.constant(sharedProject), some('secret', '../shared'))],
    ['interval', some('5m', '168h', '1h0m1s')],
    ['syncInterval', some('1m', '24h', '1m1s')],
    ['expiryWarning', some('0s', '8760h')],
    ['suspend', often(20, fc.constant(false), fc.constant(true))],
    ['owner', some('acme', '-', '_'.repeat(100))],
    ['repository', some('acme/shop', `a/${'.'.repeat(100)}`, 'a/..')],
    ['repositories.[]', some('acme/shop', '../..', `a${'/a'.repeat(149)}`, '%2e/%2e', 'ä/💥')],
  ]);
  const own = fc.record({ kind: fc.constant('CodeMieConnection'), name: some(...names.connection) });
  return (path, any) => {
    if (path.at(-1) === 'connectionRef') return often(5, fc.oneof(some({}, { name: 'staging' }), own), any);
    return reference(path) ?? named.get(path.at(-1) ?? '') ?? named.get(path.slice(-2).join('.'));
  };
}

/** Meaning for fields of CodeMieConnection. Many of them sign in, so that integrations get through. */
function connectionChoices(surroundings: Surroundings): Choices {
  const { hosts, codemieUrls, tokenURL, clientID } = surroundings;
  const reference = referenceChoices('codemie');
  const url = urlsOf(surroundings);
  const patternUrl = some(`https://${'*a'.repeat(60)}.example.com/api`, 'https://[::1]:8443/api');
  const usualHosts = some([
    '*.evil.example.com',
    'github.com',
    'api.github.com',
    'gitlab.com',
    'dev.azure.com',
  ]);
  const named = new Map<string, fc.Arbitrary<unknown>>([
    ['url', often(6, some(...codemieUrls), fc.oneof(url, patternUrl))],
    ['tokenURL', often(1, fc.constant(tokenURL), url)],
    ['clientID', often(3, fc.constant(clientID), some('a:b', 'a'.repeat(255)))],
    ['limits', often(1, fc.constant({ concurrency: 64, requestsPerSecond: 1_000 }), some({}))],
    ['providerHosts.[]', fc.oneof(some(...hosts), patterns)],
    ['allowed.[]', often(2, some('*', sharedProject), some('*'.repeat(100), `${'*a'.repeat(49)}*`))],
  ]);
  const token = { token: { secretRef: { name: 'codemie' } } };
  return (path, any) => {
    const last = path.at(-1);
    if (path.length === 1 && last === 'auth') return often(1, fc.constant(token), any);
    if (last === 'providerHosts') return often(1, usualHosts, any);
    return reference(path) ?? named.get(last ?? '') ?? named.get(path.slice(-2).join('.'));
  };
}

/** Spellings of hosts that parsers disagree about. */
const oddHosts = fc.constantFrom(
  'ｇithub.com',
  'github.com.',
  'GITHUB.COM',
  'xn--github-.com',
  '127.0.0.1',
  '0x7f.1',
  '[::ffff:169.254.169.254]',
  '169.254.169.254',
  'localhost',
  `${'a'.repeat(63)}.example.com`,
  'github.com%00.example.com',
);

/** Patterns that a matcher which backtracks never comes back from. */
const patterns = fc.oneof(
  fc.constantFrom('*', '*a'.repeat(120), `*${'*'.repeat(250)}`, '*.evil.example.com', `${'a*'.repeat(60)}b`),
  fc
    .array(fc.constantFrom('*', 'a', '.', '-a'), { minLength: 1, maxLength: 250 })
    .map((parts) => `a${parts.join('')}a`),
);

/** Every key has a value, most of them short; else a reference would end at a key that is missing. */
function secretData({ canaries }: Surroundings): fc.Arbitrary<Record<string, unknown>> {
  const short = fc.oneof(some(...canaries), wrapped(some(...canaries)), some('1', 'octocat', '1e9', '0x10'));
  const odd = fc.tuple(often(3, some(...valueKeys), some(...inheritedKeys.slice(2))), values(canaries));
  return fc
    .tuple(
      fc.array(short, { minLength: valueKeys.length, maxLength: valueKeys.length }),
      fc.array(odd, { maxLength: 2 }),
    )
    .map(([texts, replaced]) => {
      const entries = [...valueKeys.map((key, index) => [key, texts[index] ?? ''] as const), ...replaced];
      return { data: Object.fromEntries(entries.map(([name, text]) => [name, base64(text)])) };
    });
}

function configMapData({ canaries }: Surroundings): fc.Arbitrary<Record<string, unknown>> {
  return fc.oneof(
    values(canaries).map((text) => ({ data: { 'ca.crt': text.toString().slice(0, 900_000) } })),
    values(canaries).map((text) => ({ binaryData: { 'ca.crt': base64(text) } })),
  );
}

const base64 = (value: string | Buffer): string => Buffer.from(value).toString('base64');

/** Content of a Secret or a bundle: what costs much to read, or what readers stumble over. */
function values(canaries: readonly string[]): fc.Arbitrary<string | Buffer> {
  const canary = fc.constantFrom(...canaries);
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...costlyValues()) },
    { weight: 2, arbitrary: damaged(fc.constantFrom(...keyTexts())) },
    { weight: 2, arbitrary: wrapped(canary) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: canary.map((token) => `${token}\n`.repeat(5_000)) },
  );
}

/** How people, and those who mean harm, wrap a token. */
function wrapped(token: fc.Arbitrary<string>): fc.Arbitrary<string | Buffer> {
  const wraps: ((text: string) => string | Buffer)[] = [
    (text) => `"${text}"`,
    (text) => base64(text),
    (text) => JSON.stringify({ token: text, deep: JSON.parse('['.repeat(500) + ']'.repeat(500)) }),
    (text) => `${'['.repeat(100_000)}${text}`,
    (text) => `Bearer ${text}\r\nX-Injected: yes`,
    (text) => `\uFEFF${text}\u0000`,
    (text) => Buffer.from(text, 'utf16le'),
    (text) => `{{ .Values.token }}${text}`,
    (text) => `ENC[AES256_GCM,data:${text}]`,
    (text) => `https://user:${text}@github.com`,
    (text) => `token: ${text}\n`,
  ];
  return fc.tuple(fc.constantFrom(...wraps), token).map(([wrap, text]) => wrap(text));
}

/** A text in which a part is cut out, replaced or repeated. */
function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(
      text,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(80),
      fc.string({ maxLength: 40, unit: 'binary' }),
    )
    .map(([whole, share, length, instead]) => {
      const at = Math.floor(whole.length * share);
      return whole.slice(0, at) + instead + whole.slice(at + length);
    });
}

function keyTexts(): string[] {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const { privateKey: curve } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = (key: typeof privateKey, type: 'pkcs1' | 'pkcs8' | 'sec1'): string =>
    key.export({ type, format: 'pem' }).toString();
  return [
    text(privateKey, 'pkcs1'),
    text(privateKey, 'pkcs8'),
    text(curve, 'sec1'),
    rsaPem(consistentKey(2_048)),
  ];
}

let costly: string[] | undefined;
/** Each at most 900 kB: what a Secret or ConfigMap may hold. Made once, as it takes a moment. */
function costlyValues(): string[] {
  costly ??= [
    rsaPem(withExponent(consistentKey(2_048), 20_000)),
    rsaPem(withExponent(consistentKey(2_048), 131_072)),
    rsaPem(withExponent(consistentKey(4_096), 65_536)),
    rsaPem(consistentKey(16_384)),
    '-----BEGIN CERTIFICATE-----\n'.repeat(30_000),
    '-----BEGIN RSA PRIVATE KEY-----\n'.repeat(25_000),
    `-----BEGIN CERTIFICATE-----\n${'A'.repeat(800_000)}`,
    `-----BEGIN CERTIFICATE-----\n${randomBytes(600_000).toString('base64')}\n-----END CERTIFICATE-----\n`,
    `-----BEGIN ${'CERTIFICATE '.repeat(60_000)}-----`,
    `${' '.repeat(400_000)}x${' '.repeat(400_000)}`,
    '\n'.repeat(900_000),
    '\\n'.repeat(450_000),
    '='.repeat(900_000),
    `${'a'.repeat(450_000)}=${'a'.repeat(440_000)}`,
    '{"a":'.repeat(150_000),
    '['.repeat(900_000),
    '"'.repeat(900_000),
    '\u202e'.repeat(250_000),
  ];
  return costly;
}

const rsaPem = (key: ReturnType<typeof consistentKey>): string => pem('RSA PRIVATE KEY', pkcs1Der(key));
