{{/* What the schema of the values cannot say: one sentence about what is wrong, and what to do. */}}
{{- define "codemie-git-operator.guards" -}}
{{- $values := .Values -}}
{{- if and (gt (int $values.replicas) 1) (not $values.leaderElection.enabled) -}}
{{- fail "replicas: more than one needs leaderElection.enabled: true, or all of them would work at the same time." -}}
{{- end -}}
{{- if $values.shards -}}
{{- $names := list -}}
{{- $keepers := list -}}
{{- range $values.shards -}}
{{- $names = append $names .name -}}
{{- if .connections }}{{ $keepers = append $keepers .name }}{{ end -}}
{{- end -}}
{{- if ne (len $names) (len (uniq $names)) -}}
{{- fail "shards: two of them have the same name. Give each a different name." -}}
{{- end -}}
{{- if ne (len $keepers) 1 -}}
{{- fail (printf "shards: exactly one of them must reconcile connections, here %d. Set connections: true on one." (len $keepers)) -}}
{{- end -}}
{{- end -}}
{{- if and $values.watchNamespaces (not $values.clusterName) -}}
{{- fail "clusterName: must be set with watchNamespaces, which leave no right to look it up." -}}
{{- end -}}
{{- if and $values.watchNamespaces $values.connection.create (not $values.clusterConnections) -}}
{{- fail "connection.create: needs clusterConnections: true with watchNamespaces, or nothing would reconcile the connection." -}}
{{- end -}}
{{- if and $values.networkPolicy.enabled (empty $values.networkPolicy.apiServerPorts) -}}
{{- fail "networkPolicy.apiServerPorts: is empty, so the operator could not reach the Kubernetes API. Give its ports." -}}
{{- end -}}
{{- if and $values.metrics.serviceMonitor.enabled $values.metrics.podMonitor.enabled -}}
{{- fail "metrics: a serviceMonitor and a podMonitor would scrape every Pod twice. Enable one of them." -}}
{{- end -}}
{{- if and $values.metrics.podMonitor.enabled $values.metrics.auth.enabled (not $values.metrics.auth.tokenSecret.name) -}}
{{- fail "metrics.auth.tokenSecret.name: a podMonitor needs a Secret with a token. Name one, or enable the serviceMonitor, which can use the token of Prometheus itself." -}}
{{- end -}}
{{- with $values.connection -}}
{{- if .create -}}
{{- if not (regexMatch "^https?://[^/?#\\s]" .url) -}}
{{- fail "connection.url: must be a URL, such as https://codemie.example.com/code-assistant-api." -}}
{{- end -}}
{{- if ne (len .auth) 1 -}}
{{- fail "connection.auth: give exactly one login; write one of clientCredentials, password, localLogin and token." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
