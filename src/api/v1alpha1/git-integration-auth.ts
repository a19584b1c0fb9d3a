import { z } from 'zod';
import { withRules } from '../rule.ts';
import { line, numericId, secretKeyRef } from './shared.ts';

const token = withRules(
  z
    .object({
      secretRef: secretKeyRef('token').describe('The token.'),
      username: line(255)
        .optional()
        .describe(
          'User name that goes with the token; CodeMie calls it Token Name. Default: oauth2 for GitHub, GitLab and Azure DevOps. Bitbucket Cloud needs it for API tokens; access tokens go without.',
        ),
      usernameSecretRef: secretKeyRef('username')
        .optional()
        .describe(
          'The user name, taken from the Secret of secretRef instead of username. CodeMie shows it in clear, so it comes from no other Secret, and not under validation.policy Skip.',
        ),
      headerAuth: z
        .boolean()
        .default(false)
        .describe(
          'Makes CodeMie send the token in an HTTP header instead of the URL when it clones. For on-premises servers that ask for it.',
        ),
      expiresAt: z.iso
        .datetime({ offset: true })
        .optional()
        .describe(
          "When the token expires, such as 2027-01-31T00:00:00Z. Only for providers that don't report it, such as Bitbucket and Azure DevOps.",
        ),
    })
    .describe('A personal, project, group or repository access token. Exactly one of token and githubApp.'),
  {
    cel: '!(has(self.username) && has(self.usernameSecretRef))',
    message: 'give the user name once; remove username or usernameSecretRef',
    reason: 'FieldValueForbidden',
    field: ['usernameSecretRef'],
    holds: (value) => value.username === undefined || value.usernameSecretRef === undefined,
  },
  {
    cel: '!has(self.usernameSecretRef) || self.usernameSecretRef.name == self.secretRef.name',
    message:
      'must be the Secret of secretRef, because CodeMie shows user names in clear; store the user name there, or write username',
    reason: 'FieldValueInvalid',
    field: ['usernameSecretRef', 'name'],
    holds: ({ secretRef, usernameSecretRef }) =>
      usernameSecretRef === undefined || usernameSecretRef.name === secretRef.name,
  },
);

const installation = withRules(
  z
    .object({
      id: numericId('must be the number of the installation, which its settings URL on GitHub ends in')
        .optional()
        .describe('Number of the installation (in quotes or not), as in its settings URL on GitHub.'),
      idSecretRef: secretKeyRef('installationID')
        .optional()
        .describe('The number of the installation, taken from a Secret.'),
      owner: withRules(z.string().min(1).max(100), {
        cel: "self.matches(r'^[A-Za-z0-9_-]+$')",
        message: 'must be the login of an organization or user on GitHub, such as acme',
        holds: (owner) => /^[A-Za-z0-9_-]+$/.test(owner),
      })
        .optional()
        .describe('Login of the organization or user that the app is installed for, such as acme.'),
      repository: withRules(z.string().min(3).max(201), {
        cel: "self.matches(r'^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$')",
        message: 'must be owner/name of a repository on GitHub, such as acme/shop',
        holds: (path) => /^[A-Za-z0-9_-]+\/[A-Za-z0-9._-]+$/.test(path),
      })
        .optional()
        .describe('A repository that the installation covers, such as acme/shop.'),
    })
    .describe(
      'Which installation of the app to use: exactly one of id, idSecretRef, owner and repository. Default: the usable installation with the lowest id, and a Warning event if there are several.',
    ),
  {
    cel: '[has(self.id), has(self.idSecretRef), has(self.owner), has(self.repository)].filter(given, given).size() == 1',
    message:
      'give exactly one of id, idSecretRef, owner and repository, or remove installation to use the first one available',
    holds: (value) =>
      [value.id, value.idSecretRef, value.owner, value.repository].filter((given) => given !== undefined)
        .length === 1,
  },
);

const githubApp = withRules(
  z
    .object({
      appID: numericId(
        "must be the App ID, a number from the app's settings page on GitHub; it is neither the client ID (Iv…) nor the name of the app",
      )
        .optional()
        .describe(
          "App ID, a number (in quotes or not) from the app's settings page; not the client ID. Or appIDSecretRef.",
        ),
      appIDSecretRef: secretKeyRef('appID')
        .optional()
        .describe('The App ID, taken from a Secret instead of appID.'),
      privateKeySecretRef: secretKeyRef('privateKey').describe(
        'The private key of the app, the PEM file that GitHub lets you download.',
      ),
      installation: installation.optional(),
    })
    .describe('A GitHub App. Only with provider GitHub. Exactly one of token and githubApp.'),
  {
    cel: 'has(self.appID) != has(self.appIDSecretRef)',
    message: 'give the App ID exactly once; write either appID or appIDSecretRef',
    holds: (value) => (value.appID === undefined) !== (value.appIDSecretRef === undefined),
  },
);

/** The wire schema of `GitIntegration.spec.auth`. */
export const gitIntegrationAuth = withRules(
  z
    .object({
      token: token.optional(),
      githubApp: githubApp.optional(),
    })
    .describe('The credential: exactly one of token and githubApp.'),
  {
    cel: 'has(self.token) != has(self.githubApp)',
    message: 'give exactly one credential; write either auth.token or auth.githubApp',
    holds: (value) => (value.token === undefined) !== (value.githubApp === undefined),
  },
);
