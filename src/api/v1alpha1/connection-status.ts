import { z } from 'zod';
import { parseLeniently, remembering } from '../parse.ts';
import { commonStatus } from './shared.ts';

/** The wire schema of `status` of both kinds of connection. */
export const connectionStatusSchema = z
  .object({
    ...commonStatus,
    account: z
      .object({
        id: z.string().max(255).describe('Id of the user in CodeMie.'),
        name: z.string().max(255).optional().describe('Name of the user in CodeMie.'),
        admin: z.boolean().optional().describe('Whether it may write every project.'),
      })
      .optional()
      .describe('The CodeMie user that the login belongs to.'),
    serverVersion: z.string().max(100).optional().describe('Version that CodeMie reports.'),
    integrations: z.int().min(0).optional().describe('Number of GitIntegrations that use this connection.'),
  })
  .prefault({ observedGeneration: -1 })
  .describe('What was found. Written by the operator only.');

/** `status` of a connection, as written by this operator. */
export type ConnectionStatus = z.output<typeof connectionStatusSchema>;

/** Reads the status of a connection from the API server; a part that doesn't parse is left out. */
export const parseConnectionStatus = remembering(
  (status): ConnectionStatus => parseLeniently(connectionStatusSchema, status) ?? { observedGeneration: -1 },
);
