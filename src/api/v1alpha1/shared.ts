import { z } from 'zod';
import { hasPortOrNone, URL_PORT_PATTERN } from '../../lib/port.ts';
import { DURATION_PATTERN, durationMs, isDuration } from '../duration-text.ts';
import { reference } from '../references.ts';
import { type Rule, withRules } from '../rule.ts';

/**
 * Order is of no meaning and an item occurs once. Server-side apply merges the items of several appliers, and those
 * of a default: a list with a default has to be atomic.
 */
export const asSet = { 'x-kubernetes-list-type': 'set' } as const;

/** A list that is replaced as a whole. */
export const asAtomicList = { 'x-kubernetes-list-type': 'atomic' } as const;

/** Name of an object of Kubernetes: a DNS subdomain, https://kubernetes.io/docs/concepts/overview/working-with-objects/names/. */
export const objectName = withRules(z.string().min(1).max(253), {
  cel: "self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
  message: "must be the name of an object: lower-case letters, digits, '-' and '.', such as acme-github",
  holds: (name) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name),
});

const dataKey = withRules(z.string().min(1).max(253), {
  cel: "self.matches(r'^[-._a-zA-Z0-9]+$')",
  message: "must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.', such as token",
  holds: (key) => /^[-._a-zA-Z0-9]+$/.test(key),
});

/** One value inside of a Secret. `where` completes "Name of the Secret, …". */
export function secretKeyRef(defaultKey: string, where = 'in the namespace of this object') {
  const schema = z.object({
    name: objectName.describe(`Name of the Secret, ${where}.`),
    key: dataKey.default(defaultKey).describe('Key of the value inside of the Secret.'),
  });
  return reference(schema, 'Secret');
}

/** Which value of which Secret. */
export type SecretKeyRef = z.output<ReturnType<typeof secretKeyRef>>;

/** Trust in a private certificate authority. */
export function tls(where = 'in the namespace of this object') {
  const caRef = z.object({
    kind: z
      .enum(['ConfigMap', 'Secret'])
      .default('ConfigMap')
      .describe('Kind of the object that holds the certificates.'),
    name: objectName.describe(`Name of the ConfigMap or Secret, ${where}.`),
    key: dataKey.default('ca.crt').describe('Its key with the PEM bundle.'),
  });
  return z
    .object({
      caRef: reference(caRef).describe(
        'PEM bundle of certificate authorities, trusted in addition to the system roots.',
      ),
    })
    .describe(
      'Trust for servers with certificates of a private authority. Verification cannot be turned off.',
    );
}

/** Where a PEM bundle lies. */
export type CaRef = z.output<ReturnType<typeof tls>>['caRef'];

/**
 * A number that GitHub gave something, as a number. Manifests may have it in quotes, where tools that render them put
 * them. A rule says what is wrong with anything else; the API server's own sentence about a wrong type could not.
 */
export function numericId(message: string) {
  const written = z
    .union([z.int(message), z.string(message).max(100, message)], message)
    .meta({ 'x-kubernetes-int-or-string': true });
  return withRules(written, {
    cel: "string(self).matches(r'^[1-9][0-9]{0,14}$')",
    message,
    holds: (id) => /^[1-9][0-9]{0,14}$/.test(String(id)),
  }).transform(Number);
}

/** A string between two durations, e.g. `10m`. */
export function duration(least: string, most: string) {
  const [leastMs, mostMs] = [durationMs(least), durationMs(most)];
  return withRules(z.string().min(1).max(20), {
    cel: `self.matches(r'${DURATION_PATTERN}') && duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
    message: `must be a duration from ${least} to ${most}, in whole hours, minutes and seconds, such as 10m or 1h30m`,
    holds: (text) => isDuration(text) && durationMs(text) >= leastMs && durationMs(text) <= mostMs,
  });
}

const noCredentialsInUrl: Rule<string> = {
  cel: "!self.matches(r'^[a-z]+://[^/?#]*@')",
  message: 'must not contain a user name or password; put credentials in a Secret and refer to it under auth',
  reason: 'FieldValueForbidden',
  holds: (url) => !/^[a-z]+:\/\/[^/?#]*@/.test(url),
};

const noQueryInUrl: Rule<string> = {
  cel: "!self.contains('?') && !self.contains('#')",
  message: "must end with the path; remove the query ('?…') and the fragment ('#…')",
  reason: 'FieldValueForbidden',
  holds: (url) => !url.includes('?') && !url.includes('#'),
};

const oneHost: Rule<string> = {
  cel: "!self.matches(r'^[a-z]+://[^/?#]*[*]')",
  message: "must name one host; remove the '*'",
  holds: (url) => !/^[a-z]+:\/\/[^/?#]*[*]/.test(url),
};

/** First, because parsers of URLs refuse some of these ports, too. A port with anything but digits is left to the rule behind it. */
const portOrNone: Rule<string> = {
  cel: `!self.matches(r'^https?://[^/?#]*:[0-9]*([/?#]|$)') || self.matches(r'${URL_PORT_PATTERN}')`,
  message: 'must have a port from 1 to 65535 behind the host, without leading zeros, or none',
  holds: (url) => !/^https?:\/\/[^/?#]*:[0-9]*([/?#]|$)/.test(url) || hasPortOrNone(url),
};

/** An absolute https URL without user name, query and fragment. */
export function httpsUrl(example: string) {
  return withRules(
    z.string().max(500),
    portOrNone,
    {
      cel: "self.matches(r'^https://[^/?#\\s]+[^\\s]*$') && isURL(self)",
      message: `must be an https URL, such as ${example}; write a blank as %20`,
      holds: (url) => /^https:\/\/[^/?#\s][^\s]*$/.test(url) && URL.canParse(url),
    },
    noCredentialsInUrl,
    noQueryInUrl,
    oneHost,
  );
}

/** As httpsUrl, but plain http is left to a rule of the parent, which knows more. */
export function httpUrl(example: string) {
  return withRules(
    z.string().max(500),
    portOrNone,
    {
      cel: "self.matches(r'^https?://[^/?#\\s]+[^\\s]*$') && isURL(self)",
      message: `must be a URL, such as ${example}`,
      holds: (url) => /^https?:\/\/[^/?#\s][^\s]*$/.test(url) && URL.canParse(url),
    },
    noCredentialsInUrl,
    noQueryInUrl,
    oneHost,
  );
}

/** One line of text for people or for CodeMie, which stores even blanks and newlines as they come. */
export function line(max: number) {
  return withRules(z.string().min(1).max(max), {
    cel: "!self.matches(r'^\\s|\\s$|\\p{Cc}')",
    message: 'must be one line that neither begins nor ends with a blank; remove the blanks and line breaks',
    holds: (text) => !/^\s|\s$|\p{Cc}/u.test(text),
  });
}

/** A condition as in metav1.Condition, https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#condition-v1-meta. */
const conditionSchema = z.object({
  type: z.string().max(316).describe('What the condition is about.'),
  status: z
    .enum(['True', 'False', 'Unknown'])
    .describe('True: it holds. False: action required. Unknown: not known yet; the operator retries.'),
  reason: z.string().min(1).max(1024).describe('The cause in one word, for programs.'),
  message: z.string().max(32768).describe('The cause in one sentence with a hint, for people.'),
  lastTransitionTime: z.iso.datetime({ offset: true }).describe('When the status last changed.'),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('Generation of the spec that the condition is about.'),
});

/** A condition of any of our kinds. */
export type Condition = z.output<typeof conditionSchema>;

/** The list of conditions, merged by type so that other controllers can add their own. */
const conditionsSchema = z
  .array(conditionSchema)
  .max(32)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('What is true and what to do. Ready sums up the others.');

/** Fields that the status of every kind has. */
export const commonStatus = {
  observedGeneration: z
    .int()
    .default(-1)
    .describe(
      'Generation of the spec that this status is about; -1 until the operator first saw the object.',
    ),
  conditions: conditionsSchema.optional(),
  lastHandledReconcileAt: z
    .string()
    .max(253)
    .optional()
    .describe(
      'Value of the annotation codemie.ai/reconcile-requested-at or reconcile.fluxcd.io/requestedAt that was handled last.',
    ),
  otherHandledReconcileAt: z
    .string()
    .max(253)
    .optional()
    .describe('Handled value of the other one of the two annotations, while the object has both.'),
};

/**
 * A URL with its host in the one form that is compared everywhere: lower case, ASCII (`ｇithub.com` is `github.com`,
 * other scripts become `xn--…`), numbers as the address that they mean (`0x7f.1`), no percent-encoding, no dot behind
 * it and no port that is the default. The path keeps its form, except for what a URL can't contain.
 *
 * Whatever is compared, called or sent on is this form. Otherwise a spelling would pass as one host here and lead to
 * another elsewhere.
 *
 * @param text an absolute http or https URL without user name, query and fragment
 * @throws TypeError if it is none
 */
export function withCanonicalHost(text: string): string {
  const { protocol, hostname, port, pathname } = new URL(text);
  const host = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  const path = pathname === '/' && !text.endsWith('/') ? '' : pathname;
  return `${protocol}//${host}${port === '' ? '' : `:${port}`}${path}`;
}
