import type { CodeMieConnectionSpec } from '../../api/v1alpha1/connection-spec.ts';
import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { readAuth } from '../../controllers/codemie-connection/session-pool.ts';
import { readCredentials } from '../../controllers/git-integration/credentials.ts';
import { Halt } from '../../controllers/git-integration/halt.ts';
import { type Integration, parseIntegration, startReport } from '../../controllers/git-integration/pass.ts';
import { unsharedReads } from '../../controllers/shared-reads.ts';
import { createValueReader, ValueFault } from '../../controllers/value-reader.ts';
import { type KubeObject, splitKey } from '../../kube/object.ts';
import { ownMember } from '../../lib/names.ts';
import { providers } from '../../providers/registry.ts';
import { printable } from '../io.ts';
import type { LintFinding } from './finding.ts';
import { type Manifest, type Path, recordOf } from './manifests.ts';
import { findingAt, nameOf } from './object-checks.ts';

/** Checks the Secrets and ConfigMaps of a set by the operator's own readers; their values are never shown. */
export interface Values {
  /** Of a GitIntegration: a warning for each that no document declares, and the first value that would be rejected. */
  check(
    integration: { manifest: Manifest; namespace: string; spec: GitIntegrationSpec },
    signal: AbortSignal,
  ): Promise<LintFinding[]>;
  /** The same of a connection's login. */
  checkLogin(connection: Manifest, spec: CodeMieConnectionSpec, signal: AbortSignal): Promise<LintFinding[]>;
}

/** A reference from a manifest, and the field in which it is. */
interface Reference {
  kind: 'Secret' | 'ConfigMap';
  name: string;
  key: string;
  path: Path;
}

/** The content of what is read is not in the set, so that nothing can be said of it. */
class NotInSet extends Error {
  override readonly name = 'NotInSet';
}

/** One for all: its stack is never read, and it is thrown for each integration of a large set. */
const notInSet = new NotInSet();

/** Makes the checks for one set of manifests. */
export function createValues(manifests: readonly Manifest[], operatorNamespace: string): Values {
  const declared = new Map<string, Manifest>();
  for (const manifest of manifests)
    for (const { kind, name } of declaredBy(manifest))
      declared.set(`${kind} ${manifest.namespace ?? ''}/${name}`, manifest);

  /** Serves the documents as the API server would. Remembers what was read last, which is what a fault is about. */
  const source = () => {
    const state: { last?: Manifest } = {};
    const get = async (resource: { kind: string }, key: string): Promise<KubeObject | undefined> => {
      const { namespace = '', name } = splitKey(key);
      const manifest = declared.get(`${resource.kind} ${namespace}/${name}`);
      if (manifest?.kind !== resource.kind) throw notInSet;
      state.last = manifest;
      return storedObject(manifest);
    };
    return { get, state };
  };

  function missing(user: Manifest, namespace: string, references: readonly Reference[]): LintFinding[] {
    const seen = new Set<string>();
    return references.flatMap(({ kind, name, path }) => {
      const id = `${kind} ${namespace}/${name}`;
      if (declared.has(id) || seen.has(id)) return [];
      seen.add(id);
      const message = `No document declares ${kind} "${printable(name)}" of namespace "${printable(namespace)}". Make sure that the cluster has it.`;
      return [findingAt(user, [...path, 'name'], 'missing-reference', message, { severity: 'warning' })];
    });
  }

  /** Values that are numbers or booleans, as YAML has them: the API server refuses such a Secret as a whole. */
  function notTexts(user: Manifest, namespace: string, references: readonly Reference[]): LintFinding[] {
    return references.flatMap(({ kind, name, key }) => {
      const source = declared.get(`${kind} ${namespace}/${name}`);
      return ['stringData', 'data'].flatMap((field) => {
        const value = source && ownMember(recordOf(source.object[field]), key);
        if (!source || value === undefined || typeof value === 'string') return [];
        const message = `${field}.${printable(key)} is not text. Put it in quotes. ${nameOf(user)} reads it.`;
        return [findingAt(source, [field, key], 'secret-value', message)];
      });
    });
  }

  /** Runs a reader of the operator over the set, and turns what it refuses into a finding at the value. */
  async function read(
    user: Manifest,
    references: readonly Reference[],
    run: (kube: ReturnType<typeof source>) => Promise<unknown>,
  ): Promise<LintFinding[]> {
    const kube = source();
    try {
      await run(kube);
      return [];
    } catch (error) {
      if (error instanceof NotInSet) return [];
      if (!(error instanceof Halt || error instanceof ValueFault)) throw error;
      const culprit = kube.state.last;
      if (!culprit) return [];
      const message = `${error.message} ${nameOf(user)} reads it.`;
      const keys = references
        .filter(({ kind, name }) => kind === culprit.kind && name === culprit.name)
        .map(({ key }) => key);
      return [findingAt(culprit, valuePath(culprit, keys, error.message), 'secret-value', message)];
    }
  }

  /** What is missing of a user's references, and the first value among the others that would be rejected. */
  async function checkValues(
    user: Manifest,
    namespace: string,
    spec: GitIntegrationSpec | CodeMieConnectionSpec,
    run: (kube: ReturnType<typeof source>) => Promise<unknown>,
  ): Promise<LintFinding[]> {
    const references = referencesIn(spec, ['spec']);
    const absent = missing(user, namespace, references);
    // Most sets declare no Secret at all.
    if (!references.some(({ kind, name }) => declared.has(`${kind} ${namespace}/${name}`))) return absent;
    const unreadable = notTexts(user, namespace, references);
    return [...absent, ...(unreadable.length > 0 ? unreadable : await read(user, references, run))];
  }

  return {
    check: ({ manifest, namespace, spec }, signal) =>
      checkValues(manifest, namespace, spec, async ({ get }) => {
        const integration = toIntegration(manifest, namespace, spec);
        await readCredentials({
          integration,
          report: startReport(integration),
          deps: { reads: unsharedReads({ get }), providers },
          signal,
        });
      }),
    checkLogin(connection, spec, signal) {
      const namespace = connection.namespace ?? operatorNamespace;
      return checkValues(connection, namespace, spec, async ({ get }) => {
        const reader = createValueReader({ get }, namespace, signal);
        if (spec.tls) await reader.ca(spec.tls.caRef);
        await readAuth(spec.auth, reader);
      });
    },
  };
}

/** What a document makes the cluster have: itself, or the Secret that another controller makes from it. */
function declaredBy({ kind, name, object }: Manifest): { kind: 'Secret' | 'ConfigMap'; name: string }[] {
  if (kind === 'Secret' || kind === 'ConfigMap') return [{ kind, name }];
  if (kind === 'SealedSecret') return [{ kind: 'Secret', name }];
  if (kind === 'ExternalSecret') {
    const target = recordOf(recordOf(object['spec'])['target'])['name'];
    return [{ kind: 'Secret', name: typeof target === 'string' ? target : name }];
  }
  return [];
}

/** The object as the API server would keep it: `stringData` goes into `data`. */
export function storedObject({ name, namespace, kind, object }: Manifest): KubeObject {
  const given = recordOf(object['data']);
  const texts = Object.entries(recordOf(object['stringData'])).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  const data = Object.fromEntries([
    ...Object.entries(given).map(([key, value]) => [key, String(value)]),
    ...texts,
  ]);
  return {
    ...object,
    kind,
    metadata: metadataOf(name, namespace),
    data,
  };
}

function metadataOf(name: string, namespace: string | undefined): KubeObject['metadata'] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid: 'lint',
    resourceVersion: '1',
    creationTimestamp: '1970-01-01T00:00:00Z',
  };
}

function toIntegration(manifest: Manifest, namespace: string, spec: GitIntegrationSpec): Integration {
  const object = { ...manifest.object, metadata: metadataOf(manifest.name, namespace) };
  return { ...parseIntegration(object), spec, alias: spec.alias ?? manifest.name };
}

/** All references below a value: whatever has a field that ends in `Ref` with a name and a key. */
function referencesIn(value: object, path: Path): Reference[] {
  return Object.entries(value).flatMap(([field, child]: [string, unknown]): Reference[] => {
    if (typeof child !== 'object' || child === null) return [];
    const { kind, name, key } = recordOf(child);
    if (field.toLowerCase().endsWith('ref') && typeof name === 'string' && typeof key === 'string')
      return [{ kind: kind === 'ConfigMap' ? 'ConfigMap' : 'Secret', name, key, path: [...path, field] }];
    return referencesIn(child, [...path, field]);
  });
}

/**
 * Where the value is that a message is about: the key that it names, or the object's name where that key is missing.
 */
function valuePath({ object }: Manifest, keys: readonly string[], message: string): Path {
  const named = keys.filter((key) => message.includes(`"${key}"`));
  for (const key of named.length > 0 ? named : keys)
    for (const field of ['stringData', 'data'])
      if (Object.hasOwn(recordOf(object[field]), key)) return [field, key];
  return ['metadata', 'name'];
}
