import { z } from 'zod';

/** What the benchmark asks of the process that plays everything outside of the cluster. */
const peersCall = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('start'),
    clientSecret: z.string(),
    projects: z.array(z.string()),
    /** How many integrations CodeMie creates in a second, one after the other; undefined: as many as it can. */
    createsPerSecond: z.number().optional(),
  }),
  /** Makes GitHub know a token. */
  z.object({ name: z.literal('addToken'), token: z.string() }),
  /** How many integrations of CodeMie hold the token. */
  z.object({ name: z.literal('countRows'), token: z.string() }),
  /** How many requests each endpoint got since the last time. */
  z.object({ name: z.literal('takeTraffic') }),
]);

/** One of {@link peersCall}. */
export type PeersCall = z.infer<typeof peersCall>;

/** A call on its way to the process. */
export const peersRequest = z.object({ id: z.number(), call: peersCall });

/** The answer to the call of that id. */
export const peersReply = z.object({ id: z.number(), result: z.unknown() });

/** Answer to `start`: how the operator gets there. */
export const peersStarted = z.object({
  operatorEnv: z.record(z.string(), z.string()),
  codemieUrl: z.string(),
  tokenUrl: z.string(),
});

/** Answer to `takeTraffic`: requests by `METHOD host path`, names and ids in the path replaced by `*`. */
export const peersTraffic = z.record(z.string(), z.number());
