import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const url = z.url({ protocol: /^https$/, error: 'write a URL with https' });

const moment = z.iso.datetime({ offset: true, error: 'write a time such as 2026-11-22T12:00:00Z' });

const mayHoldSecrets = /^(set-cookie|authorization)$/i;

const exchangeSchema = z
  .strictObject({
    method: z.string().default('GET'),
    url,
    status: z.int().min(200).max(599).optional(),
    /** Those that describe the transport (length, encoding, connection) are left out. */
    headers: z
      .record(z.string(), z.string())
      .refine((headers) => !Object.keys(headers).some((name) => mayHoldSecrets.test(name)), {
        message: 'Set-Cookie and Authorization may hold a secret; remove them',
      })
      .default({}),
    /** JSON as it is, or the text of anything else. */
    body: z.unknown().optional(),
    /** Instead of an answer. `reset`: the connection breaks off. `silent`: no answer comes. */
    failure: z.enum(['reset', 'silent']).optional(),
  })
  .refine(({ status, failure }) => (status === undefined) !== (failure === undefined), {
    message: 'give either status or failure',
  });

const credentialSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('token'),
    /** The public beginning of the token, such as `ghp_`. The rest is made up. */
    prefix: z.string().max(20, 'give the public beginning of the token only, never the token').default(''),
    username: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('githubApp'),
    appID: z.string(),
    installation: z
      .union([
        z.strictObject({ id: z.int() }),
        z.strictObject({ owner: z.string() }),
        z.strictObject({ repository: z.string() }),
      ])
      .optional(),
  }),
]);

/** What the operator makes of the exchanges; `npm run replay -- DIR --update` writes it. */
const verdictSchema = z.strictObject({
  condition: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  /** The condition's message. Absent for a credential that was accepted. */
  message: z.string().optional(),
  /**
   * `onChange`: when something changes or the interval has passed. `backoff`: soon, then later and later. `recheck`:
   * for a minute and a half before it is a verdict, which the message is, then as `growing`: after 5, 10, 20 … minutes.
   * Else RFC 3339.
   */
  retry: z.string(),
  /** What was found out about a credential that was accepted. */
  found: z.record(z.string(), z.unknown()).optional(),
  /** The calls that it took, in order. */
  calls: z.array(z.string()),
});

/** A file of recorded exchanges with a Git host. CONTRIBUTING.md describes it. */
const recordingSchema = z.strictObject({
  title: z.string(),
  /** Where it comes from: a bug report, the vendor's documentation, a recorded session. */
  source: z.string(),
  recordedAt: moment,
  provider: z.enum(['GitHub', 'GitLab', 'Bitbucket', 'AzureDevOps']),
  url: url.optional(),
  apiURL: url.optional(),
  credential: credentialSchema,
  expiresAt: moment.optional(),
  /** Whether the same integration was Ready before: what worked is given more time. */
  wasReady: z.boolean().default(false),
  repositories: z.array(z.string()).default([]),
  requiredScopes: z.array(z.string()).optional(),
  exchanges: z.array(exchangeSchema),
  verdict: verdictSchema.optional(),
});

/** One exchange of a recording. */
export type RecordedExchange = z.output<typeof exchangeSchema>;
/** A parsed recording. */
export type Recording = z.output<typeof recordingSchema>;
/** What the operator makes of a recording. */
export type Verdict = z.output<typeof verdictSchema>;

/** A recording and where it lies. */
export interface RecordingFile {
  path: string;
  /** The file's JSON as it is, for an update that changes nothing but the verdict. */
  source: Record<string, unknown>;
  recording: Recording;
}

/** Reads one file, or all `*.json` of a folder, by name. @throws Error that names the file and the field that can't be read */
export async function readRecordings(folder: string): Promise<RecordingFile[]> {
  if (folder.endsWith('.json')) return [await readRecording(folder)];
  const entries = await readdir(folder).catch(() => {
    throw new Error(`${folder} is not a folder that can be read.`);
  });
  const names = entries.filter((name) => name.endsWith('.json')).toSorted();
  if (names.length === 0) throw new Error(`There is no recording (*.json) in ${folder}.`);
  return Promise.all(names.map((name) => readRecording(join(folder, name))));
}

async function readRecording(path: string): Promise<RecordingFile> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path} is not a file that can be read.`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON.`);
  }
  const source = z.record(z.string(), z.unknown()).safeParse(json);
  const recording = recordingSchema.safeParse(json);
  if (!recording.success || !source.success)
    throw new Error(`${path}: ${z.prettifyError(recording.error ?? new z.ZodError([]))}`);
  return { path, source: source.data, recording: recording.data };
}
