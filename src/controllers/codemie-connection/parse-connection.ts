import type { Parsed } from '../../api/parse.ts';
import {
  type ClusterCodeMieConnectionSpec,
  type CodeMieConnectionSpec,
  parseClusterCodeMieConnectionSpec,
  parseCodeMieConnectionSpec,
} from '../../api/v1alpha1/connection-spec.ts';
import type { KubeObject } from '../../kube/object.ts';

/** Parses the spec of either kind of connection; only the cluster kind has consumers. */
export function parseConnection(
  object: KubeObject,
): Parsed<CodeMieConnectionSpec | ClusterCodeMieConnectionSpec> {
  return object.metadata.namespace === undefined
    ? parseClusterCodeMieConnectionSpec(object['spec'])
    : parseCodeMieConnectionSpec(object['spec']);
}
