/** A query of a panel in PromQL, with Grafana's variables, and what its series are called. */
interface Query {
  expr: string;
  /** A template such as `{{host}}`. */
  legend?: string;
}

/** A panel, of which the dashboard makes Grafana's JSON. */
export interface Panel {
  title: string;
  /** `number`: the last value, in large. `lines`: over time. `table`: a row for each series, as of now. */
  kind: 'number' | 'lines' | 'table';
  /** Of 24 columns. */
  width: number;
  unit?: 'short' | 'percentunit' | 's' | 'bytes' | 'ops';
  queries: readonly Query[];
  /** What one should know to read it. */
  description?: string;
  /** For tables: the labels that are columns, and the name of the value; without a name the value is not shown. */
  columns?: { labels: readonly string[]; value?: string };
}

/** Panels under one heading. */
export interface Row {
  title: string;
  panels: readonly Panel[];
}

const objects = 'namespace=~"$namespace"';
const process = 'job=~"$job"';
const kinds = 'gitintegration|clustercodemieconnection|codemieconnection';
const calls = 'codemie_http_requests_total';
const failed = 'result=~"5..|Dns|Refused|Reset|Timeout|Tls.*|Proxy|Other|NotJson"';
const of = (status: string): string =>
  `sum(codemie_git_integrations{type="Ready", status="${status}"}) or vector(0)`;
const quantile = (share: number, by: string, metric: string, labels = ''): string =>
  `histogram_quantile(${share}, sum by (${by}, le) (rate(${metric}_bucket{${labels}}[$__rate_interval])))`;

/** Everything that the dashboard shows, from top to bottom. */
export const rows: readonly Row[] = [
  {
    title: 'Readiness',
    panels: [
      {
        title: 'GitIntegrations',
        kind: 'number',
        width: 4,
        queries: [{ expr: 'sum(codemie_git_integrations{type="Ready"}) or vector(0)' }],
      },
      { title: 'Ready', kind: 'number', width: 4, queries: [{ expr: of('True') }] },
      { title: 'Action required', kind: 'number', width: 4, queries: [{ expr: of('False') }] },
      { title: 'Retrying', kind: 'number', width: 4, queries: [{ expr: of('Unknown') }] },
      {
        title: 'Left behind in CodeMie',
        kind: 'number',
        width: 4,
        description: 'Since the operator started.',
        queries: [{ expr: 'sum(codemie_git_integration_registrations_orphaned_total)' }],
      },
      {
        title: 'Active leaders',
        kind: 'number',
        width: 4,
        description: 'One for each shard.',
        queries: [{ expr: 'sum(leader_election_master_status{name=~"codemie-git-operator.*"})' }],
      },
      {
        title: 'Not Ready, by reason',
        kind: 'lines',
        width: 8,
        queries: [
          {
            expr: 'sum by (reason) (codemie_git_integrations{type="Ready", status!="True"})',
            legend: '{{reason}}',
          },
        ],
      },
      {
        title: 'Not Ready now',
        kind: 'table',
        width: 8,
        queries: [{ expr: `codemie_git_integration_condition{type="Ready", status!="True", ${objects}}` }],
        columns: { labels: ['namespace', 'name', 'status', 'reason'] },
      },
      {
        title: 'Connections',
        kind: 'table',
        width: 8,
        queries: [{ expr: 'codemie_connection_condition{type="Ready"}' }],
        columns: { labels: ['namespace', 'name', 'status', 'reason'] },
      },
    ],
  },
  {
    title: 'Credentials and drift',
    panels: [
      {
        title: 'Credentials that expire first',
        kind: 'table',
        width: 8,
        unit: 's',
        queries: [
          {
            expr: `sort(bottomk(20, codemie_git_integration_credential_expiry_timestamp_seconds{${objects}} - time()))`,
          },
        ],
        columns: { labels: ['namespace', 'name'], value: 'Ends in' },
      },
      {
        title: 'Credentials expiring within',
        kind: 'lines',
        width: 8,
        queries: [7, 30, 90].map((days) => ({
          expr: `count(codemie_git_integration_credential_expiry_timestamp_seconds{${objects}} - time() < ${days} * 86400) or vector(0)`,
          legend: `${days} days`,
        })),
      },
      {
        title: 'Drift corrected in CodeMie',
        kind: 'lines',
        width: 8,
        queries: [
          {
            expr: 'sum(increase(codemie_git_integration_drift_corrected_total[$__rate_interval]))',
            legend: 'corrected',
          },
          { expr: 'sum(codemie_git_integrations{type="Drifted"}) or vector(0)', legend: 'left as they are' },
        ],
      },
    ],
  },
  {
    title: 'Git hosts and CodeMie',
    panels: [
      {
        title: 'Calls',
        kind: 'lines',
        width: 6,
        unit: 'ops',
        queries: [{ expr: `sum by (host) (rate(${calls}[$__rate_interval]))`, legend: '{{host}}' }],
      },
      {
        title: 'Failed calls',
        kind: 'lines',
        width: 6,
        unit: 'ops',
        description: 'No response, or a server error.',
        queries: [
          {
            expr: `sum by (host, result) (rate(${calls}{${failed}}[$__rate_interval]))`,
            legend: '{{host}} {{result}}',
          },
        ],
      },
      {
        title: 'Request latency (p99)',
        kind: 'lines',
        width: 6,
        unit: 's',
        queries: [
          { expr: quantile(0.99, 'host', 'codemie_http_request_duration_seconds'), legend: '{{host}}' },
        ],
      },
      {
        title: 'Rate limit remaining',
        kind: 'lines',
        width: 6,
        unit: 'percentunit',
        queries: [
          {
            expr: 'min by (host, credential) (codemie_provider_rate_limit_remaining / codemie_provider_rate_limit_limit)',
            legend: '{{host}} {{credential}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Work',
    panels: [
      {
        title: 'Reconciles by result',
        kind: 'lines',
        width: 6,
        unit: 'ops',
        queries: [
          {
            expr: `sum by (result) (rate(controller_runtime_reconcile_total{controller=~"${kinds}"}[$__rate_interval]))`,
            legend: '{{result}}',
          },
        ],
      },
      {
        title: 'Reconcile duration',
        kind: 'lines',
        width: 6,
        unit: 's',
        queries: [
          {
            expr: quantile(
              0.5,
              'controller',
              'controller_runtime_reconcile_time_seconds',
              'controller="gitintegration"',
            ),
            legend: 'half',
          },
          {
            expr: quantile(
              0.99,
              'controller',
              'controller_runtime_reconcile_time_seconds',
              'controller="gitintegration"',
            ),
            legend: '99 of 100',
          },
        ],
      },
      {
        title: 'Queue',
        kind: 'lines',
        width: 6,
        queries: [
          { expr: `sum by (name) (workqueue_depth{name=~"${kinds}"})`, legend: '{{name}}' },
          { expr: 'sum(codemie_workqueue_delayed)', legend: 'waiting for a time' },
        ],
      },
      {
        title: 'Time in the queue (p99)',
        kind: 'lines',
        width: 6,
        unit: 's',
        queries: [
          {
            expr: quantile(0.99, 'lane', 'workqueue_queue_duration_seconds', `name=~"${kinds}"`),
            legend: '{{lane}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Kubernetes API',
    panels: [
      {
        title: 'Objects in the cache',
        kind: 'lines',
        width: 6,
        queries: [{ expr: 'max by (resource) (codemie_cache_objects)', legend: '{{resource}}' }],
      },
      {
        title: 'Time since last watch event',
        kind: 'lines',
        width: 6,
        unit: 's',
        queries: [{ expr: 'max by (resource) (codemie_cache_contact_age_seconds)', legend: '{{resource}}' }],
      },
      {
        title: 'Writes',
        kind: 'lines',
        width: 6,
        unit: 'ops',
        queries: [
          {
            expr: `sum by (verb, resource) (rate(rest_client_requests_total{${process}, verb!~"get|list|watch"}[$__rate_interval]))`,
            legend: '{{verb}} {{resource}}',
          },
        ],
      },
      {
        title: 'Denied and failed requests',
        kind: 'lines',
        width: 6,
        unit: 'ops',
        queries: [
          {
            expr: `sum by (verb, resource, code) (rate(rest_client_requests_total{${process}, code!~"2.."}[$__rate_interval]))`,
            legend: '{{verb}} {{resource}} {{code}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Process',
    panels: [
      {
        title: 'Memory',
        kind: 'lines',
        width: 8,
        unit: 'bytes',
        queries: [
          { expr: `process_resident_memory_bytes{${process}}`, legend: 'resident {{pod}}' },
          { expr: `nodejs_heap_size_used_bytes{${process}}`, legend: 'heap {{pod}}' },
        ],
      },
      {
        title: 'CPU',
        kind: 'lines',
        width: 8,
        unit: 'percentunit',
        queries: [
          { expr: `rate(process_cpu_seconds_total{${process}}[$__rate_interval])`, legend: 'cores {{pod}}' },
        ],
      },
      {
        title: 'Event loop lag (p99)',
        kind: 'lines',
        width: 8,
        unit: 's',
        queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${process}}`, legend: 'delay {{pod}}' }],
      },
    ],
  },
];
