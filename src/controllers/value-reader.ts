import { z } from 'zod';
import type { CredentialsResolvedReason } from '../api/reasons.ts';
import type { CaRef, SecretKeyRef } from '../api/v1alpha1/shared.ts';
import type { Checked } from '../domain/private-key.ts';
import { readPassword, readSecretValue } from '../domain/secret-value.ts';
import type { KubeClient } from '../kube/client.ts';
import { own } from '../lib/own.ts';
import { CaBundleError, parseCaBundle } from '../net/ca-bundle.ts';
import { configMaps, secrets } from './core-resources.ts';

/** A reference that leads to no usable value. `message` is one sentence and one hint, without the value. */
export class ValueFault extends Error {
  override readonly name = 'ValueFault';
  readonly reason: CredentialsResolvedReason;

  constructor(reason: CredentialsResolvedReason, sentence: string, hint: string) {
    super(`${sentence} ${hint}`);
    this.reason = reason;
  }
}

/** Reads single values of one namespace. All functions throw {@link ValueFault}, or what the KubeClient throws. */
export interface ValueReader {
  /** A value of a Secret as `check` reads it. `reason` names a value that does not pass. */
  secret<T>(
    ref: SecretKeyRef,
    check: (raw: string) => Checked<T>,
    reason?: CredentialsResolvedReason,
  ): Promise<T>;
  /** A token, password or name; `what` is its word in a sentence. */
  text(ref: SecretKeyRef, what: string): Promise<string>;
  /** A password: as it is, but for one line end behind it. Blanks and other letters may belong to it. */
  password(ref: SecretKeyRef): Promise<string>;
  /** A PEM bundle of certificates. */
  ca(ref: CaRef): Promise<string>;
}

const content = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * Makes a reader that gets exactly the named Secrets and ConfigMaps, now, from the API server: the cache holds
 * none of their content.
 */
export function createValueReader(
  kube: Pick<KubeClient, 'get'>,
  namespace: string,
  signal: AbortSignal,
): ValueReader {
  async function value(kind: 'Secret' | 'ConfigMap', name: string, key: string): Promise<string> {
    const resource = kind === 'Secret' ? secrets : configMaps;
    const object = await kube.get(resource, `${namespace}/${name}`, signal, { dataKey: key });
    if (!object) {
      const sentence = `${kind} "${name}" does not exist in namespace "${namespace}".`;
      throw new ValueFault('SecretNotFound', sentence, 'Create it; it is noticed at once.');
    }
    const raw = own(content.parse(object).data, key);
    if (raw === undefined) {
      const hint = 'Add the key, or name the right one in the reference.';
      throw new ValueFault('SecretKeyMissing', `${kind} "${name}" has no key "${key}".`, hint);
    }
    return kind === 'Secret' ? Buffer.from(raw, 'base64').toString('utf8') : raw;
  }

  async function secret<T>(
    { name, key }: SecretKeyRef,
    check: (raw: string) => Checked<T>,
    reason: CredentialsResolvedReason = 'SecretValueInvalid',
  ): Promise<T> {
    const checked = check(await value('Secret', name, key));
    if ('value' in checked) return checked.value;
    const { sentence, hint } = checked.fault;
    throw new ValueFault(reason, `Secret "${name}", key "${key}": ${sentence}`, hint);
  }

  return {
    secret,
    text: (ref, what) => secret(ref, (raw) => readSecretValue(raw, what)),
    password: (ref) => secret(ref, readPassword),
    async ca({ kind, name, key }) {
      const pem = await value(kind, name, key);
      try {
        parseCaBundle(pem);
        return pem;
      } catch (error) {
        if (!(error instanceof CaBundleError)) throw error;
        const sentence = `${kind} "${name}", key "${key}": ${error.message}`;
        const hint =
          "Store the authority's certificate in it, with its BEGIN and END lines, and nothing else.";
        throw new ValueFault('SecretValueInvalid', sentence, hint);
      }
    },
  };
}
