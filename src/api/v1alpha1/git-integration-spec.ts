import { z } from 'zod';
import { type ProviderName, providerNames } from '../group.ts';
import { type Parsed, parsePart, remembering } from '../parse.ts';
import { reference } from '../references.ts';
import { immutable, withRules } from '../rule.ts';
import { gitIntegrationAuth } from './git-integration-auth.ts';
import { asSet, duration, httpsUrl, line, objectName, tls, withCanonicalHost } from './shared.ts';

export type { ProviderName };

const connectionRef = reference(
  z.object({
    kind: z
      .enum(['ClusterCodeMieConnection', 'CodeMieConnection'])
      .default('ClusterCodeMieConnection')
      .describe(
        'ClusterCodeMieConnection: one that the platform team offers. CodeMieConnection: one in the namespace of this object.',
      ),
    name: objectName.default('default').describe('Name of the connection.'),
  }),
)
  .prefault({})
  .describe('The CodeMie server to register with.');

const validation = z
  .object({
    interval: duration('5m', '168h')
      .default('1h')
      .describe('How often the credential is validated again. From 5m to 168h.'),
    policy: z
      .enum(['Enforce', 'Warn', 'Skip'])
      .default('Enforce')
      .describe(
        'Enforce: a credential with missing permissions is not registered. Warn: it is registered, and the condition PermissionsSufficient is False. Skip: the provider is never called.',
      ),
    requiredScopes: z
      .array(line(100))
      .max(30)
      .meta(asSet)
      .optional()
      .describe(
        "Scopes or permissions the credential must have, in the provider's own words. Default: the list that CodeMie documents for the provider. An empty list asks for none.",
      ),
    repositories: z
      .array(
        withRules(line(300), {
          cel: "self.matches(r'^[^/\\s]+(/[^/\\s]+)+$')",
          message:
            'must be the path of a repository without host and leading slash, such as acme/shop; write a blank as %20',
          holds: (path) => /^[^/\s]+(\/[^/\s]+)+$/.test(path),
        }),
      )
      .max(20)
      .meta(asSet)
      .default([])
      .describe(
        'Paths of repositories, such as acme/shop, that the credential must be able to read. Each costs one call to the provider per interval.',
      ),
    expiryWarning: duration('0s', '8760h')
      .default('336h')
      .describe(
        'How long before its end a credential is reported by the condition CredentialExpiring. From 0s to 8760h.',
      ),
  })
  .prefault({})
  .describe('How the credential is validated against the provider.');

/** The wire schema of `GitIntegration.spec`. */
export const gitIntegrationSpecSchema = withRules(
  z
    .object({
      connectionRef,
      provider: immutable(
        z.enum(providerNames),
        'cannot be changed; create a new GitIntegration for the other provider',
      ).describe(
        'The Git provider. Bitbucket is Cloud or Data Center, depending on the url. AzureDevOps is Azure DevOps Repos, Services or Server. Immutable.',
      ),
      url: httpsUrl('https://github.com')
        .optional()
        .describe(
          'Web URL of the Git host, such as https://gitlab.example.com. Default: the cloud of the provider. For Azure DevOps it names the organization (https://dev.azure.com/acme) or the collection of a server. CodeMie keeps scheme, host and port of it only.',
        ),
      apiURL: httpsUrl('https://gitlab.example.com/api/v4')
        .optional()
        .describe('Base URL of the REST API, for installations where it cannot be derived from the url.'),
      project: immutable(
        line(100),
        'cannot be changed, because CodeMie cannot move an integration; create a new GitIntegration in the other project',
      ).describe(
        'Name of the CodeMie project, in exactly its case. It must be the project of the repositories that are to be indexed. Immutable.',
      ),
      scope: immutable(
        z.enum(['Project', 'User']),
        'cannot be changed; create a new GitIntegration with the other scope',
      )
        .default('Project')
        .describe(
          "Project: for all members of the project. User: a personal setting of the connection's own login; it needs a CodeMieConnection. Immutable.",
        ),
      alias: line(100)
        .optional()
        .describe(
          'Name of the integration in CodeMie, unique in its project. Default: metadata.name. Changing it renames the integration in place.',
        ),
      global: z
        .boolean()
        .default(false)
        .describe('Offers a personal setting in all projects of its user. Only with scope User.'),
      auth: gitIntegrationAuth,
      tls: tls().optional(),
      validation,
      syncInterval: duration('1m', '24h')
        .default('10m')
        .describe('How often CodeMie is read again to find changes made there. From 1m to 24h.'),
      driftPolicy: z
        .enum(['Correct', 'Report'])
        .default('Correct')
        .describe(
          'What happens when someone changes the integration in CodeMie. Correct: it is written again. Report: the condition Drifted says so, nothing is written.',
        ),
      adoptionPolicy: z
        .enum(['Never', 'IfUnowned', 'Always'])
        .default('Never')
        .describe(
          'Whether an integration of this alias that exists already may be adopted. Never: no. IfUnowned: one that was created by hand. Always: also one that another cluster or object owns.',
        ),
      deletionPolicy: z
        .enum(['Delete', 'Orphan'])
        .default('Delete')
        .describe(
          'What happens in CodeMie when this object is deleted. Orphan: the integration stays there.',
        ),
      suspend: z.boolean().default(false).describe('Stops the work on this object. Deleting it still works.'),
    })
    .describe('Which credential, where to register it, and how to keep it.'),
  {
    cel: "!has(self.auth.githubApp) || self.provider == 'GitHub'",
    message: 'a GitHub App exists on GitHub only; set provider: GitHub, or use auth.token',
    reason: 'FieldValueForbidden',
    field: ['auth', 'githubApp'],
    holds: (spec) => spec.auth.githubApp === undefined || spec.provider === 'GitHub',
  },
  {
    cel: "self.provider != 'AzureDevOps' || (has(self.url) && self.url.matches(r'^https://([^/]+/+[^/]|[^/]+[.]visualstudio[.]com/*$)'))",
    message:
      'must name the organization or collection of Azure DevOps, such as https://dev.azure.com/acme or https://ado.example.com/DefaultCollection',
    reason: 'FieldValueInvalid',
    field: ['url'],
    holds: (spec) =>
      spec.provider !== 'AzureDevOps' ||
      /^https:\/\/([^/]+\/+[^/]|[^/]+[.]visualstudio[.]com\/*$)/.test(spec.url ?? ''),
  },
  {
    cel: "self.validation.policy != 'Skip' || !has(self.auth.token) || !has(self.auth.token.usernameSecretRef)",
    message:
      'cannot be used with validation.policy Skip, because CodeMie shows the value in clear and nothing has shown that it is a user name; write username, or choose the policy Warn',
    reason: 'FieldValueForbidden',
    field: ['auth', 'token', 'usernameSecretRef'],
    holds: (spec) => spec.validation.policy !== 'Skip' || spec.auth.token?.usernameSecretRef === undefined,
  },
  {
    cel: "self.validation.policy != 'Skip' || !has(self.auth.githubApp) || ((!has(self.auth.githubApp.appIDSecretRef) || self.auth.githubApp.appIDSecretRef.name == self.auth.githubApp.privateKeySecretRef.name) && (!has(self.auth.githubApp.installation) || !has(self.auth.githubApp.installation.idSecretRef) || self.auth.githubApp.installation.idSecretRef.name == self.auth.githubApp.privateKeySecretRef.name))",
    message:
      'must take its numbers from the Secret of privateKeySecretRef under validation.policy Skip, because CodeMie shows them in clear; store them there, or write appID and installation.id',
    reason: 'FieldValueInvalid',
    field: ['auth', 'githubApp'],
    holds({ validation: { policy }, auth: { githubApp } }) {
      if (policy !== 'Skip' || !githubApp) return true;
      const { appIDSecretRef, installation: wanted, privateKeySecretRef } = githubApp;
      return [appIDSecretRef, wanted?.idSecretRef].every(
        (ref) => ref === undefined || ref.name === privateKeySecretRef.name,
      );
    },
  },
  {
    cel: "!self.global || self.scope == 'User'",
    message: 'only a personal setting can be global; set scope: User, or remove global',
    reason: 'FieldValueForbidden',
    field: ['global'],
    holds: (spec) => !spec.global || spec.scope === 'User',
  },
  {
    cel: "self.scope != 'User' || self.connectionRef.kind == 'CodeMieConnection'",
    message:
      "scope User registers for the connection's own login, so it needs a connection of this namespace; set connectionRef.kind: CodeMieConnection, or use scope: Project",
    reason: 'FieldValueInvalid',
    field: ['connectionRef', 'kind'],
    holds: (spec) => spec.scope !== 'User' || spec.connectionRef.kind === 'CodeMieConnection',
  },
);

/** A parsed `GitIntegration.spec`: every default is filled in. */
export type GitIntegrationSpec = z.output<typeof gitIntegrationSpecSchema>;

const keptSchema = z.object({ deletionPolicy: z.literal('Delete').default('Delete') });

/**
 * Whether the integration is to stay in CodeMie at the end of its object. That field alone is read, so that a fault in
 * another one deletes nothing; a value that this operator does not know deletes nothing either.
 */
export function keepsRow(spec: unknown): boolean {
  return !keptSchema.safeParse(spec).success;
}

const { project, scope } = gitIntegrationSpecSchema.shape;
const placeSchema = z.object({ connectionRef, project, scope });

/** Where a spec registers, whatever is wrong with its other fields. Undefined where one of these does not parse. */
export function parsePlace(spec: unknown): z.output<typeof placeSchema> | undefined {
  return placeSchema.safeParse(spec).data;
}

/**
 * Parses `spec` of an object from the API server, which may have been checked by an older CRD. Hosts have their canonical
 * form in it.
 */
export const parseGitIntegrationSpec = remembering((spec): Parsed<GitIntegrationSpec> => {
  const parsed = parsePart(gitIntegrationSpecSchema, 'spec', spec);
  if (!parsed.ok) return parsed;
  const { url, apiURL, ...rest } = parsed.value;
  return {
    ok: true,
    value: {
      ...rest,
      ...(url !== undefined && { url: withCanonicalHost(url) }),
      ...(apiURL !== undefined && { apiURL: withCanonicalHost(apiURL) }),
    },
  };
});
