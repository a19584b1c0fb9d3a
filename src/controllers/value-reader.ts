import { z } from 'zod';
import type { CredentialsResolvedReason } from '../api/reasons.ts';
import type { CaRef, SecretKeyRef } from '../api/v1alpha1/shared.ts';
import { readCaFile } from '../domain/ca-file.ts';
import type { Checked } from '../domain/private-key.ts';
import { doubtAbout, readPassword, readSecretValue, valueName } from '../domain/secret-value.ts';
import { tokenForm } from '../domain/token-form.ts';
import type { KubeClient } from '../kube/client.ts';
import { configMaps, secrets } from '../kube/object.ts';
import { bounds } from '../lib/bounds.ts';
import { closest } from '../lib/names.ts';
import { CaBundleError, parseCaBundle } from '../net/ca-bundle.ts';

/** A reference that leads to no usable value. `message` is one sentence and one hint, without the value. */
export class ValueFault extends Error {
  override readonly name = 'ValueFault';
  readonly reason: CredentialsResolvedReason;
  /** The value is empty, and another controller may be about to write it. */
  readonly mayBeFilled: boolean;
  /** What is wrong, without the hint. */
  readonly sentence: string;

  constructor(reason: CredentialsResolvedReason, sentence: string, hint: string, mayBeFilled = false) {
    super(`${sentence} ${hint}`);
    this.sentence = sentence;
    this.reason = reason;
    this.mayBeFilled = mayBeFilled;
  }
}

/** A reference to a value, and what sentences say of it. */
interface Wanted {
  ref: SecretKeyRef;
  /** What the value is, such as `token`. */
  what: string;
  /** Where the reference is in the manifest, such as `spec.auth.token.secretRef`. */
  field: string;
}

/** Reads single values of one namespace. All functions throw {@link ValueFault}, or what the KubeClient throws. */
export interface ValueReader {
  /**
   * A value of a Secret as `check` reads its bytes and the name that sentences call it. `reason` names a value that does
   * not pass.
   */
  secret<T>(
    wanted: Wanted,
    check: (raw: Uint8Array, name: string) => Checked<T>,
    reason?: CredentialsResolvedReason,
  ): Promise<T>;
  /** A token of a Git product. */
  token(wanted: Wanted): Promise<string>;
  /**
   * A client secret or a token of CodeMie: something that a program made, and no token of another product. Programs make
   * secrets of many forms, so what may be wrong with it is for the case that it is rejected.
   */
  programSecret(wanted: Wanted): Promise<{ value: string; doubt?: string | undefined }>;
  /** The name of a user. */
  userName(wanted: Wanted): Promise<string>;
  /**
   * A password: as it is, but for one line end behind it. Blanks and other letters may belong to it, so what may be wrong
   * with it is for the case that it is rejected.
   */
  password(wanted: Wanted): Promise<{ value: string; doubt?: string | undefined }>;
  /** Certificates of authorities, as one text in PEM. */
  ca(ref: CaRef): Promise<string>;
}

/** Base64, as the API server writes it. https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
const base64Values = z.record(z.string(), z.string()).nullish();
const secretContent = z.object({ data: base64Values });
const configMapContent = z.object({
  data: z.record(z.string(), z.string()).nullish(),
  binaryData: base64Values,
});

/** The names of all Secrets or ConfigMaps of a namespace, as far as they are known without asking. */
export type NamesIn = (kind: 'Secret' | 'ConfigMap', namespace: string) => Iterable<string>;

/** A shorter name has too many neighbours: the suggestion would be a guess, and guesses would find names. */
const shortestSuggested = 5;

/**
 * Makes a reader that gets exactly the named Secrets and ConfigMaps, now, from the API server: the cache holds
 * none of their content.
 *
 * @param namesIn where messages may say which name was probably meant. Anyone who reads them must be someone of that
 *   namespace, so there is none for the operator's own
 */
export function createValueReader(
  kube: Pick<KubeClient, 'get'>,
  namespace: string,
  signal: AbortSignal,
  namesIn: NamesIn = () => [],
): ValueReader {
  async function bytes(kind: 'Secret' | 'ConfigMap', ref: SecretKeyRef, field: string): Promise<Uint8Array> {
    const { name, key } = ref;
    const resource = kind === 'Secret' ? secrets : configMaps;
    const object = await kube.get(resource, `${namespace}/${name}`, signal, { dataKey: key });
    if (!object) {
      const meant = name.length < shortestSuggested ? undefined : closest(name, namesIn(kind, namespace));
      const like = meant === undefined ? '' : `; there is one called "${meant}"`;
      const sentence = `${kind} "${name}" does not exist in namespace "${namespace}"${like}.`;
      const hint = `Create it, or correct ${field}.name; the operator picks it up at once.`;
      throw new ValueFault('SecretNotFound', sentence, hint);
    }
    const values = kind === 'Secret' ? valuesOfSecret(object) : valuesOfConfigMap(object);
    const value = values.get(key);
    if (value) return value;
    const sentence = `${kind} "${name}" has no key "${key}"${describeKeys([...values.keys()])}.`;
    throw new ValueFault('SecretKeyMissing', sentence, `Add the key, or correct ${field}.key.`);
  }

  async function secret<T>(
    { ref, what, field }: Wanted,
    check: (raw: Uint8Array, name: string) => Checked<T>,
    reason: CredentialsResolvedReason = 'SecretValueInvalid',
  ): Promise<T> {
    return valid(check(await bytes('Secret', ref, field), valueName(what, 'Secret', ref)), reason);
  }

  async function withDoubt(wanted: Wanted, check: (raw: Uint8Array, name: string) => Checked<string>) {
    const value = await secret(wanted, check);
    return { value, doubt: doubtAbout(value, valueName(wanted.what, 'Secret', wanted.ref)) };
  }

  return {
    secret,
    token: (wanted) => secret(wanted, (raw, name) => readSecretValue(raw, name, 'token')),
    programSecret: (wanted) => withDoubt(wanted, readProgramSecret),
    userName: (wanted) => secret(wanted, (raw, name) => readSecretValue(raw, name, 'name')),
    password: (wanted) => withDoubt(wanted, readPassword),
    async ca({ kind, ...ref }) {
      const name = valueName('CA bundle', kind, ref);
      const pem = valid(readCaFile(await bytes(kind, ref, 'spec.tls.caRef'), name));
      try {
        return parseCaBundle(pem).join('\n');
      } catch (error) {
        if (!(error instanceof CaBundleError)) throw error;
        const hint =
          "Store the authority's certificate in it, with its BEGIN and END lines, and nothing else.";
        throw new ValueFault('SecretValueInvalid', error.message.replace('CA bundle', name), hint);
      }
    },
  };
}

function valid<T>(checked: Checked<T>, reason: CredentialsResolvedReason = 'SecretValueInvalid'): T {
  if ('value' in checked) return checked.value;
  const { sentence, hint, mayBeFilled } = checked.fault;
  throw new ValueFault(reason, sentence, hint, mayBeFilled);
}

function readProgramSecret(raw: Uint8Array, name: string): Checked<string> {
  const read = readSecretValue(raw, name, 'secret');
  const form = 'value' in read ? tokenForm(read.value) : undefined;
  if (!form) return read;
  const sentence = `The ${name} is ${form.name} ("${form.shown}"), which no login of CodeMie uses.`;
  return { fault: { sentence, hint: 'Store the credential of the login under this key.' } };
}

function valuesOfSecret(object: unknown): Map<string, Uint8Array> {
  return decoded(secretContent.parse(object).data);
}

function valuesOfConfigMap(object: unknown): Map<string, Uint8Array> {
  const { data, binaryData } = configMapContent.parse(object);
  const texts = Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const);
  // What is not UTF-8 is there: https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object
  return new Map([...decoded(binaryData), ...texts]);
}

function decoded(values: Record<string, string> | null | undefined): Map<string, Uint8Array> {
  return new Map(Object.entries(values ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

const mostKeys = 5;
const longestKey = 40;

/** Names of keys are no secret; a key that someone put a secret into is cut. */
function describeKeys(keys: readonly string[]): string {
  if (keys.length === 0) return '; it is empty';
  const named = keys
    .toSorted()
    .slice(0, mostKeys)
    .map((key) => (key.length > longestKey ? `${key.slice(0, longestKey)}…` : key));
  const more = keys.length - named.length;
  const others = keys.length < bounds.objectMetadata.dataNames ? `${more} more` : 'many more';
  return `; it has ${named.join(', ')}${more > 0 ? ` and ${others}` : ''}`;
}
