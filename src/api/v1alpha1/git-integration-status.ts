import { z } from 'zod';
import { parseLeniently, remembering } from '../parse.ts';
import { asAtomicList, commonStatus } from './shared.ts';

const text = (max: number) => z.string().max(max);
const time = () => z.iso.datetime({ offset: true });

const credential = z
  .object({
    kind: text(100)
      .optional()
      .describe('What the provider says it is, such as FineGrainedPersonalAccessToken or GitHubApp.'),
    account: text(255).optional().describe('Account that the credential acts as.'),
    scopes: z
      .array(text(255))
      .max(200)
      .meta(asAtomicList)
      .optional()
      .describe('Scopes or permissions that the provider reports. Absent if it reports none.'),
    expiresAt: time()
      .optional()
      .describe("When the credential expires. Absent if it doesn't, or if that is unknown."),
    expiresOn: text(10).optional().describe('The day of `expiresAt`, UTC, such as 2027-06-30. For tables.'),
    validatedAt: time()
      .optional()
      .describe(
        'Since when the provider accepts the credential as described here. It does not move with every proof, so that nothing is written while nothing changes.',
      ),
    fingerprint: text(100)
      .optional()
      .describe('Fingerprint of the private key of a GitHub App, as its settings page on GitHub shows it.'),
    digest: text(100)
      .optional()
      .describe(
        'Keyed digest of the credential that this is about, to know it again: a token that is refused after its end has expired.',
      ),
  })
  .describe('What is known about the credential.');

const installation = z
  .object({
    id: z.int().min(1).describe('Number of the installation.'),
    account: text(255).optional().describe('Organization or user that the app is installed for.'),
    accountType: text(100).optional().describe('Organization or User.'),
    repositorySelection: text(100)
      .optional()
      .describe('all: every repository of the account. selected: some, chosen on GitHub.'),
    suspendedAt: time().optional().describe('When the installation was suspended. Absent if it is not.'),
  })
  .describe('The GitHub App installation in use.');

const registration = z
  .object({
    id: text(100).describe('Id of the integration in CodeMie.'),
    project: text(100).describe('CodeMie project it is in.'),
    // As long as a metadata.name, which is the alias if the spec gives none.
    alias: text(253).describe('Its name in CodeMie.'),
    scope: z.enum(['Project', 'User']).describe('Whose integration it is.'),
    connectionUID: text(100).describe('UID of the connection it was made through.'),
    server: text(2048).describe('URL that the connection had then: another one may lead to another CodeMie.'),
    origin: z.enum(['Created', 'Adopted']).describe('Created: by this object. Adopted: it existed before.'),
    digest: text(200)
      .optional()
      .describe('Keyed digest of what was written last, to find out when to write again.'),
    remoteUpdatedAt: text(64)
      .optional()
      .describe("CodeMie's own time of the last change, as CodeMie writes it, without a time zone."),
    signature: text(200)
      .optional()
      .describe(
        'Keyed digest of the object and what is registered where. A registration without a valid one does not count: the owner mark in CodeMie decides.',
      ),
  })
  .describe('The integration in CodeMie.');

/** The wire schema of `GitIntegration.status`. */
export const gitIntegrationStatusSchema = z
  .object({
    ...commonStatus,
    handledSpec: text(64)
      .optional()
      .describe(
        'Digest of the spec that was handled last, without `suspend`. It shows whether a suspended object has changed since.',
      ),
    credential: credential.optional(),
    installation: installation.optional(),
    registration: registration.optional(),
  })
  .prefault({ observedGeneration: -1 })
  .describe('What was found. Written by the operator only.');

/** `GitIntegration.status`, as written by this operator. */
export type GitIntegrationStatus = z.output<typeof gitIntegrationStatusSchema>;

/** `status.registration`, as written by this operator. */
export type Registration = NonNullable<GitIntegrationStatus['registration']>;

/** Reads `registration` alone of a status; undefined if it is absent or doesn't parse. */
export function parseRegistration(status: unknown): Registration | undefined {
  // Thousands may want one name without having it, and to describe what is missing is what costs.
  if (typeof status !== 'object' || status === null || !('registration' in status)) return undefined;
  return registration.safeParse(status.registration).data;
}

/** Reads the status of an object from the API server; a part that doesn't parse is left out. */
export const parseGitIntegrationStatus = remembering(
  (status): GitIntegrationStatus =>
    parseLeniently(gitIntegrationStatusSchema, status) ?? { observedGeneration: -1 },
);
