import type { z } from 'zod';
import { type ConditionDescription, connectionConditions, gitIntegrationConditions } from './conditions.ts';
import {
  clusterCodeMieConnections,
  codeMieConnections,
  gitIntegrations,
  type ResourceDescription,
} from './group.ts';
import {
  clusterCodeMieConnectionSpecSchema,
  codeMieConnectionSpecSchema,
} from './v1alpha1/connection-spec.ts';
import { connectionStatusSchema } from './v1alpha1/connection-status.ts';
import { gitIntegrationSpecSchema } from './v1alpha1/git-integration-spec.ts';
import { gitIntegrationStatusSchema } from './v1alpha1/git-integration-status.ts';

/**
 * A column of `kubectl get`, see
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns.
 */
interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'date';
  jsonPath: string;
  description: string;
  /** 1: only with `-o wide`. */
  priority?: 1;
}

/** Everything that the API server gets to know about one kind. */
export interface KindDescription {
  resource: ResourceDescription;
  shortName: string;
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  columns: readonly PrinterColumn[];
  /** Paths that `kubectl get --field-selector` takes; the API server allows eight. */
  selectableFields: readonly string[];
  conditions: readonly ConditionDescription[];
}

const readyColumns: PrinterColumn[] = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'True: it works. False: action required. Unknown: not known yet; the operator retries.',
  },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'The cause in one word.',
  },
];

const messageColumn: PrinterColumn = {
  name: 'Message',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  description: 'The cause in one sentence.',
  priority: 1,
};

const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was made.',
};

const gitIntegration: KindDescription = {
  resource: gitIntegrations,
  shortName: 'gint',
  description:
    'A Git credential that is validated against its provider and registered with a CodeMie project. The credential itself stays in a Secret of the same namespace.',
  spec: gitIntegrationSpecSchema,
  status: gitIntegrationStatusSchema,
  columns: [
    ...readyColumns,
    { name: 'Provider', type: 'string', jsonPath: '.spec.provider', description: 'The Git provider.' },
    { name: 'Project', type: 'string', jsonPath: '.spec.project', description: 'The CodeMie project.' },
    {
      // Not of type date: kubectl prints those as an age, and a time to come as <invalid>.
      name: 'Expires',
      type: 'string',
      jsonPath: '.status.credential.expiresOn',
      description: 'Day on which the credential expires.',
    },
    ageColumn,
    messageColumn,
    {
      name: 'Account',
      type: 'string',
      jsonPath: '.status.credential.account',
      description: 'Account that the credential acts as.',
      priority: 1,
    },
    {
      name: 'Alias',
      type: 'string',
      jsonPath: '.status.registration.alias',
      description: 'Name of the integration in CodeMie.',
      priority: 1,
    },
    {
      name: 'Setting',
      type: 'string',
      jsonPath: '.status.registration.id',
      description: 'Id of the integration in CodeMie.',
      priority: 1,
    },
    {
      name: 'Installation',
      type: 'integer',
      jsonPath: '.status.installation.id',
      description: 'Number of the GitHub App installation.',
      priority: 1,
    },
    {
      name: 'URL',
      type: 'string',
      jsonPath: '.spec.url',
      description: 'Web URL of the Git host, if it is not the cloud of the provider.',
      priority: 1,
    },
  ],
  selectableFields: [
    '.spec.provider',
    '.spec.project',
    '.spec.scope',
    '.spec.connectionRef.kind',
    '.spec.connectionRef.name',
  ],
  conditions: gitIntegrationConditions,
};

const connectionColumns: PrinterColumn[] = [
  ...readyColumns,
  {
    name: 'Account',
    type: 'string',
    jsonPath: '.status.account.name',
    description: 'The CodeMie user that the login belongs to.',
  },
  {
    name: 'Integrations',
    type: 'integer',
    jsonPath: '.status.integrations',
    description: 'Number of GitIntegrations that use this connection.',
  },
  ageColumn,
  messageColumn,
  {
    name: 'URL',
    type: 'string',
    jsonPath: '.spec.url',
    description: "Base URL of CodeMie's API.",
    priority: 1,
  },
  {
    name: 'Version',
    type: 'string',
    jsonPath: '.status.serverVersion',
    description: 'Version that CodeMie reports.',
    priority: 1,
  },
];

const clusterCodeMieConnection: KindDescription = {
  resource: clusterCodeMieConnections,
  shortName: 'ccmconn',
  description:
    "A CodeMie server with a login that the platform team offers to chosen namespaces. Its Secrets are read from the operator's namespace only.",
  spec: clusterCodeMieConnectionSpecSchema,
  status: connectionStatusSchema,
  columns: connectionColumns,
  selectableFields: ['.spec.url'],
  conditions: connectionConditions,
};

const codeMieConnection: KindDescription = {
  resource: codeMieConnections,
  shortName: 'cmconn',
  description: 'A CodeMie server with a login of one namespace, for the GitIntegrations of this namespace.',
  spec: codeMieConnectionSpecSchema,
  status: connectionStatusSchema,
  columns: connectionColumns,
  selectableFields: ['.spec.url'],
  conditions: connectionConditions,
};

/** The three kinds, in the order in which a newcomer meets them. */
export const kinds: readonly KindDescription[] = [
  gitIntegration,
  clusterCodeMieConnection,
  codeMieConnection,
];
