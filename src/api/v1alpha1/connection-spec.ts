import { z } from 'zod';
import { PORT_PATTERN } from '../../lib/port.ts';
import { type Parsed, parsePart, remembering } from '../parse.ts';
import { type Rule, withRules } from '../rule.ts';
import { connectionAuth } from './connection-auth.ts';
import { asAtomicList, asSet, httpUrl, line, tls, withCanonicalHost } from './shared.ts';

/** Web and API hosts of the providers' clouds: what a connection lets the operator call by default. */
const defaultProviderHosts = [
  'github.com',
  'api.github.com',
  'gitlab.com',
  'bitbucket.org',
  'api.bitbucket.org',
  'dev.azure.com',
];

const HOST_GLOB = `^[a-z0-9*]([a-z0-9*.-]*[a-z0-9*])?(:${PORT_PATTERN})?$`;

const hostGlobs = new RegExp(HOST_GLOB);

const hostGlob = withRules(z.string().min(1).max(259), {
  cel: `self.matches(r'${HOST_GLOB}')`,
  message:
    'must be a host name in lower case without scheme and path, such as gitlab.example.com, *.example.com or gitlab.example.com:8443; a port is a number from 1 to 65535',
  holds: (glob) => hostGlobs.test(glob),
});

const projectGlobs = (max: number) => z.array(line(100)).max(max);

function connectionFields(where: string) {
  return {
    url: httpUrl('https://codemie.example.com/code-assistant-api').describe(
      "Base URL of CodeMie's API, such as https://codemie.example.com/code-assistant-api. Plain http is for a Service of the cluster only, with a host that ends in .svc or .svc.cluster.local, or on insecure: true.",
    ),
    insecure: z
      .boolean()
      .default(false)
      .describe('Allows plain http in url and tokenURL for any host. Tokens then travel unencrypted.'),
    auth: connectionAuth(where),
    authHeader: z
      .enum(['Authorization', 'X-Auth-Request-Access-Token'])
      .default('Authorization')
      .describe(
        'Header that carries the token. Authorization: as a Bearer token. X-Auth-Request-Access-Token: the token alone, for a connection that goes past the proxy in front of CodeMie.',
      ),
    tls: tls(where).optional(),
    limits: z
      .object({
        concurrency: z.int().min(1).max(64).default(4).describe('Requests to CodeMie at the same time.'),
        requestsPerSecond: z.int().min(1).max(1000).default(25).describe('Requests to CodeMie per second.'),
      })
      .prefault({})
      .describe('How hard CodeMie may be worked.'),
    providerHosts: z
      .array(hostGlob)
      .max(100)
      .meta(asAtomicList)
      .default(defaultProviderHosts)
      .describe(
        "Hosts that the operator may send Git credentials to for integrations of this connection; '*' stands for any characters. A port other than 443 has to be named, as in gitlab.example.com:8443. Your own list replaces the default, so name the API hosts too. An empty list allows none.",
      ),
    allowPrivateNetworks: z
      .boolean()
      .default(false)
      .describe('Lets a host of providerHosts have a private or loopback address.'),
    projects: z
      .object({
        allowed: projectGlobs(200)
          .meta(asAtomicList)
          .default(['*'])
          .describe("Names of CodeMie projects that may be written; '*' stands for any characters."),
        createMissing: z
          .boolean()
          .default(false)
          .describe(
            'Creates a project that does not exist. Otherwise the integration waits until someone creates it.',
          ),
      })
      .prefault({})
      .describe('CodeMie projects that this connection may write.'),
  };
}

const selectorExpression = z.object({
  key: line(317).describe('Key of the label.'),
  operator: z
    .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
    .describe('Relation between the key and the values.'),
  values: z
    .array(z.string().max(63))
    .max(50)
    .meta(asSet)
    .optional()
    .describe('Values for In and NotIn. Left out for Exists and DoesNotExist.'),
});

const labelSelector = z
  .object({
    matchLabels: z
      .record(z.string(), z.string().max(63))
      .meta({ maxProperties: 50 })
      .optional()
      .describe('Labels that the namespace must have, each with exactly this value.'),
    matchExpressions: z
      .array(selectorExpression)
      .max(20)
      .meta(asAtomicList)
      .optional()
      .describe('Requirements on labels. All must hold.'),
  })
  .describe('Selects namespaces by their labels. An empty selector selects every namespace.');

const consumer = withRules(
  z.object({
    namespaces: z
      .array(
        withRules(z.string().min(1).max(63), {
          cel: "self.matches(r'^[a-z0-9*-]+$')",
          message: 'must be the name of a namespace, such as team-a or team-*',
          holds: (glob) => /^[a-z0-9*-]+$/.test(glob),
        }),
      )
      .max(200)
      .meta(asSet)
      .optional()
      .describe("Names of namespaces; '*' stands for any characters."),
    namespaceSelector: labelSelector
      .optional()
      .describe(
        'Namespaces by their labels; an empty selector means all. With namespaces given too, both must hold.',
      ),
    projects: projectGlobs(200)
      .meta(asSet)
      .min(1)
      .describe(
        "Names of the CodeMie projects that these namespaces may write; '*' stands for any characters.",
      ),
  }),
  {
    cel: 'has(self.namespaces) || has(self.namespaceSelector)',
    message: 'say which namespaces are meant; write namespaces, namespaceSelector or both',
    reason: 'FieldValueRequired',
    holds: (value) => value.namespaces !== undefined || value.namespaceSelector !== undefined,
  },
);

const SERVICE_URL = '^http://[a-z0-9.-]+\\.svc(\\.cluster\\.local)?(:[0-9]+)?(/|$)';

const serviceUrl = new RegExp(SERVICE_URL);

interface Urls {
  url: string;
  insecure: boolean;
  auth: {
    clientCredentials?: { tokenURL: string } | undefined;
    password?: { tokenURL: string } | undefined;
  };
}

/** Plain http leaks the login, except to a Service of the cluster. */
function plainHttpRule(field: readonly string[], read: (spec: Urls) => string | undefined): Rule<Urls> {
  const parents = field.slice(0, -1);
  const guard = parents.length > 0 ? `!has(self.${parents.join('.')}) || ` : '';
  const url = `self.${field.join('.')}`;
  return {
    cel: `${guard}self.insecure || !${url}.startsWith('http://') || ${url}.matches(r'${SERVICE_URL}')`,
    message:
      'must be https; plain http is only for a Service of the cluster, whose host ends in .svc or .svc.cluster.local, unless insecure: true is set',
    reason: 'FieldValueInvalid',
    field,
    holds: (spec) => {
      const value = read(spec);
      return value === undefined || spec.insecure || !value.startsWith('http://') || serviceUrl.test(value);
    },
  };
}

const plainHttpRules = [
  plainHttpRule(['url'], (spec) => spec.url),
  plainHttpRule(['auth', 'clientCredentials', 'tokenURL'], (spec) => spec.auth.clientCredentials?.tokenURL),
  plainHttpRule(['auth', 'password', 'tokenURL'], (spec) => spec.auth.password?.tokenURL),
];

/** The wire schema of `CodeMieConnection.spec`. */
export const codeMieConnectionSpecSchema = withRules(
  z
    .object(connectionFields('in the namespace of this object'))
    .describe('Where CodeMie is, how to sign in, and what may be done there.'),
  ...plainHttpRules,
);

/** The wire schema of `ClusterCodeMieConnection.spec`. */
export const clusterCodeMieConnectionSpecSchema = withRules(
  z
    .object({
      ...connectionFields("in the operator's namespace"),
      consumers: z
        .array(consumer)
        .max(100)
        .meta(asAtomicList)
        .default([])
        .describe(
          'Which namespaces may write which CodeMie projects through this connection. One matching entry is enough. An empty list allows no namespace.',
        ),
    })
    .describe('Where CodeMie is, how to sign in, and who may do what there.'),
  ...plainHttpRules,
);

/** A parsed `CodeMieConnection.spec`: every default is filled in. */
export type CodeMieConnectionSpec = z.output<typeof codeMieConnectionSpecSchema>;

/** A parsed `ClusterCodeMieConnection.spec`: every default is filled in. */
export type ClusterCodeMieConnectionSpec = z.output<typeof clusterCodeMieConnectionSpecSchema>;

/** Parses `spec` of a CodeMieConnection from the API server. Hosts have their canonical form in it. */
export const parseCodeMieConnectionSpec = remembering(
  (spec): Parsed<CodeMieConnectionSpec> =>
    withCanonicalHosts(parsePart(codeMieConnectionSpecSchema, 'spec', spec)),
);

/** Parses `spec` of a ClusterCodeMieConnection from the API server. Hosts have their canonical form in it. */
export const parseClusterCodeMieConnectionSpec = remembering(
  (spec): Parsed<ClusterCodeMieConnectionSpec> =>
    withCanonicalHosts(parsePart(clusterCodeMieConnectionSpecSchema, 'spec', spec)),
);

function withCanonicalHosts<T extends Pick<CodeMieConnectionSpec, 'url' | 'auth'>>(
  parsed: Parsed<T>,
): Parsed<T> {
  if (!parsed.ok) return parsed;
  const { url, auth } = parsed.value;
  const { clientCredentials, password } = auth;
  const withTokenUrl = <G extends { tokenURL: string }>(grant: G): G => ({
    ...grant,
    tokenURL: withCanonicalHost(grant.tokenURL),
  });
  return {
    ok: true,
    value: {
      ...parsed.value,
      url: withCanonicalHost(url),
      auth: {
        ...auth,
        ...(clientCredentials && { clientCredentials: withTokenUrl(clientCredentials) }),
        ...(password && { password: withTokenUrl(password) }),
      },
    },
  };
}

/** Parses the spec of either kind of connection; only the cluster kind has consumers. */
export function parseConnection(object: {
  metadata: { namespace?: string };
  spec?: unknown;
  [field: string]: unknown;
}): Parsed<CodeMieConnectionSpec | ClusterCodeMieConnectionSpec> {
  return object.metadata.namespace === undefined
    ? parseClusterCodeMieConnectionSpec(object['spec'])
    : parseCodeMieConnectionSpec(object['spec']);
}
