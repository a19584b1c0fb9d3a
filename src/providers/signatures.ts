import { z } from 'zod';
import type { Answer } from './answer.ts';
import type { ProviderName } from './provider.ts';

/** How answers of one product are known, to any request. */
interface Signature {
  provider: ProviderName;
  /** Headers that only this product sends, on refusals too. */
  headers: readonly string[];
  /** What only this product writes into `www-authenticate`. */
  challenge: RegExp;
  /** Whether a JSON body has the form of this product's refusals, and of no gateway's. */
  isRefusal: (body: unknown) => boolean;
  /** A path below the web address that the product's API answers to every client, if only by a refusal. */
  path: string;
}

const accepts =
  (schema: z.ZodType) =>
  (body: unknown): boolean =>
    schema.safeParse(body).success;

/** Of every product. */
export const signatures: readonly Signature[] = [
  {
    provider: 'GitHub',
    headers: ['x-github-request-id', 'x-github-media-type', 'x-github-enterprise-version'],
    challenge: /realm="GitHub"/,
    // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    isRefusal: accepts(
      z.union([
        z.object({
          message: z.string(),
          documentation_url: z.string().regex(/^https:\/\/(docs|developer|support)\.github\.com(\/|$)/),
        }),
        z.object({
          message: z
            .string()
            .regex(
              /^(Bad credentials|A JSON web token could not be decoded|Integration (not found|must generate))/,
            ),
        }),
      ]),
    ),
    path: 'api/v3/meta',
  },
  {
    provider: 'GitLab',
    headers: ['x-gitlab-meta'],
    challenge: /realm="(GitLab|The API)"/,
    // `render_api_error!` begins with the status, the OAuth layer has its own sentences; other software speaks OAuth too.
    // https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/helpers.rb and api_guard.rb next to it
    isRefusal: accepts(
      z.union([
        z.object({ message: z.string().regex(/^[45]\d\d [A-Z]/) }),
        z.object({ message: z.object({ error: z.string().regex(/^This endpoint has been requested/) }) }),
        z.object({ error: z.string().regex(/^404 Not Found|^dpop_error$|^insufficient_granular_scope$/) }),
        z.object({
          error: z.string(),
          error_description: z
            .string()
            .regex(
              /^(Token is expired\. You can either|Token was revoked\. You have to|Token is an impersonation token|The request requires higher privileges than)/,
            ),
        }),
      ]),
    ),
    path: 'api/v4/version',
  },
  {
    provider: 'Bitbucket',
    // Data Center's, and those that the Cloud shares with none of the other products.
    headers: [
      'x-arequestid',
      'x-asen',
      'x-ausername',
      'x-dc-location',
      'x-usage-request-cost',
      'x-credential-type',
    ],
    challenge: /realm="(Bitbucket\.org|Atlassian Bitbucket)/,
    // https://developer.atlassian.com/cloud/bitbucket/rest/intro/#standardized-error-responses and
    // https://developer.atlassian.com/server/bitbucket/rest/ (`RestErrorMessage`)
    isRefusal: accepts(
      z.union([
        z.object({ type: z.literal('error'), error: z.object({ message: z.string() }) }),
        z.object({
          errors: z.array(z.object({ exceptionName: z.string().regex(/^com\.atlassian\./) })).min(1),
        }),
      ]),
    ),
    path: 'rest/api/latest/application-properties',
  },
  {
    provider: 'AzureDevOps',
    headers: ['x-tfs-processid', 'x-tfs-session', 'x-tfs-serviceerror', 'x-vss-e2eid', 'x-vss-userdata'],
    challenge: /TFS-Federated|realm="https:\/\/dev\.azure\.com/,
    // https://learn.microsoft.com/azure/devops/integrate/how-to/call-rest-api
    isRefusal: accepts(z.object({ $id: z.string(), message: z.string(), typeKey: z.string() })),
    path: '_apis/connectionData',
  },
];

/** Whose answer it is, if a header says so. */
export function senderOf(answer: Pick<Answer, 'header'>): ProviderName | undefined {
  return signatures.find(({ headers }) => headers.some((name) => answer.header(name) !== undefined))
    ?.provider;
}

/**
 * Whether an answer that is no success comes from the API of a product, and not from something in front of it: a gateway,
 * a proxy, a sign-in page. Proxies take headers away, so the product's own form of a refusal will do; an answer with neither
 * says nothing about its origin.
 */
export function isFromApi(provider: ProviderName, answer: Answer): boolean {
  if (senderOf(answer) === provider) return true;
  const signature = signatures.find((each) => each.provider === provider);
  return (
    signature !== undefined &&
    (signature.challenge.test(answer.header('www-authenticate') ?? '') || signature.isRefusal(answer.body))
  );
}
