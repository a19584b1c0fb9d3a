import { expect } from 'vitest';
import type { ObjectKey } from '../../src/kube/object.ts';
import { kinds, type Seen } from '../harness/cluster.ts';
import { gitHubIntegration, rowsOf } from './objects.ts';
import type { Suite } from './suite.ts';
import { listen } from './traffic.ts';

/** What becomes of an integration with one credential. */
export interface Outcome {
  /** Fields besides `auth`. */
  spec?: Record<string, unknown>;
  /** In the notation of `Seen.is`. It is to be registered if `Registered` is True. */
  conditions: Record<string, string>;
  /** The calls to the provider, in this order. */
  calls: string[];
  /** The message of `Ready`, where `<token>` stands for the token and its Secret, or an expression that it fits. */
  says?: string | RegExp;
}

/** Conditions of an integration that works. */
export const ready = { Ready: 'True/Ready', Registered: 'True/Registered', Stalled: '', Reconciling: '' };

/** Conditions of a new integration that requires action. */
export function stalled(reason: string): Record<string, string> {
  return { Ready: `False/${reason}`, Stalled: `True/${reason}`, Reconciling: '', Registered: '' };
}

/** A credential: what its Secret holds, and `spec.auth` for a Secret of that name. */
export interface GivenCredential {
  secret: Record<string, string>;
  auth: (secretName: string) => Record<string, unknown>;
}

/**
 * Applies an integration with its own Secret, waits for the outcome, and checks what went over the wire: the
 * calls to the provider, then one create in CodeMie if it is to be registered, and nothing else.
 */
export async function expectOutcome(
  { cluster, world }: Suite,
  key: ObjectKey,
  { secret, auth }: GivenCredential,
  { spec, conditions, calls, says }: Outcome,
): Promise<Seen> {
  await cluster.createSecret(key, secret);
  const heard = listen(world);
  const [, name = ''] = key.split('/');
  await cluster.create(kinds.integration, gitHubIntegration(key, { auth: auth(name), ...spec }));
  const seen = await cluster.waitForConditions(key, conditions);
  const registers = conditions['Registered']?.startsWith('True') ?? false;
  expect(heard()).toEqual([...calls, ...(registers ? [creates] : [])]);
  expect(rowsOf(world, key)).toHaveLength(registers ? 1 : 0);
  const token = `token in Secret "${name}" (key "token")`;
  const { message } = seen.condition('Ready');
  if (typeof says === 'string') expect(message).toBe(says.replace('<token>', token));
  else if (says !== undefined) expect(message).toMatch(says);
  return seen;
}

const creates = 'POST codemie.example.com/code-assistant-api/v1/settings/project';
