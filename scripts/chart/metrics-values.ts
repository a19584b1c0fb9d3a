import {
  annotations,
  dataKey,
  flag,
  labels,
  list,
  objectName,
  section,
  text,
  type ValueSchema,
} from './value.ts';

const labelsText = 'Its labels, by which an installation of Prometheus finds it.';
/** A duration of the Prometheus Operator's kinds, or nothing. */
const interval = {
  pattern: '^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$',
};

/** What monitoring needs. All but the Service is off, because its kinds are not in every cluster. */
export const metricsValues: ValueSchema = section('Monitoring.', {
  service: section('A headless Service for port 8080.', {
    enabled: flag('Creates the Service.', true),
    annotations: annotations('Annotations of the Service.'),
  }),
  auth: section('Who may read metrics.', {
    enabled: flag(
      'Authenticates readers of metrics with the API server: they need the token of an account that may GET /metrics. Creates the ClusterRole …-metrics-reader for them, grants the operator the permissions to check, and turns on TLS.',
      false,
    ),
    tokenSecret: section(
      'Secret in the namespace of the release with the token that Prometheus reads with, for both monitors.',
      {
        name: objectName('Its name. Empty: a ServiceMonitor uses the token of the Prometheus Pod itself.'),
        key: dataKey('Key of the token inside of it.', 'token'),
      },
    ),
  }),
  tls: section('Certificate for metrics.', {
    secretName: objectName(
      'Secret of type kubernetes.io/tls in the namespace of the release, with ca.crt, for the name …-metrics.NAMESPACE.svc. Turns on TLS. Empty: with auth.enabled, a certificate that exists in memory only and that scrapers cannot verify.',
    ),
  }),
  serviceMonitor: monitor('A ServiceMonitor of the Prometheus Operator.'),
  podMonitor: monitor('A PodMonitor of the Prometheus Operator, instead of the ServiceMonitor.'),
  prometheusRule: section('Alerts, as a PrometheusRule of the Prometheus Operator.', {
    enabled: flag('Creates the rule.', false),
    labels: labels(labelsText),
  }),
  dashboard: section('The dashboard, as a ConfigMap that the sidecar of Grafana reads.', {
    enabled: flag('Creates the ConfigMap.', false),
    labels: { ...labels('Its labels.'), default: { grafana_dashboard: '1' } },
    annotations: annotations('Its annotations, such as the folder.'),
  }),
});

function monitor(description: string): ValueSchema {
  return section(description, {
    enabled: flag('Creates the object.', false),
    labels: labels(labelsText),
    interval: text('How often it is scraped. Empty: as Prometheus is set.', '', interval),
    scrapeTimeout: text('How long a scrape may take. Empty: as Prometheus is set.', '', interval),
    relabelings: list('Changes of labels before the scrape.', { type: 'object' }),
    metricRelabelings: list('Changes of labels after the scrape.', { type: 'object' }),
  });
}
