import { z } from 'zod';

/**
 * `GET _apis/connectionData`: who the server takes us for. Its own page documents the type only:
 * https://learn.microsoft.com/javascript/api/azure-devops-extension-api/connectiondata
 */
export const connectionDataSchema = z.object({
  authenticatedUser: z.object({
    id: z.string().min(1),
    descriptor: z.string().catch(''),
    providerDisplayName: z.string().catch(''),
    properties: z
      .object({ Account: z.object({ $value: z.string() }) })
      .optional()
      .catch(undefined),
  }),
});

/** `GET {project}/_apis/git/repositories/{name}`: enough to know that it is one. */
export const repositorySchema = z.object({ id: z.string(), name: z.string(), project: z.object({}) });

/** A failure. The message is for matching only and goes nowhere. */
export const failureSchema = z.object({ message: z.string() });
