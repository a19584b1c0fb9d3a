{{/* The name of the chart, for labels. */}}
{{- define "codemie-git-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/*
The name of the objects: up to 40 letters, because a shard adds up to 17 and the objects some more, and in the form that
a Service asks for, the strictest of all. A hash keeps releases apart whose names have to be changed for that.
*/}}
{{- define "codemie-git-operator.fullname" -}}
{{- $name := include "codemie-git-operator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $wanted := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- if regexMatch "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$" $wanted -}}
{{- $wanted -}}
{{- else -}}
{{- $letters := replace "." "-" $wanted -}}
{{- $letters = ternary (printf "r%s" $letters) $letters (regexMatch "^[0-9]" $letters) -}}
{{- printf "%s-%s" (trunc 31 $letters | trimSuffix "-") (sha256sum $wanted | trunc 8) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The name of objects without a namespace, and of those in a namespace that is not the operator's own: with
watchNamespaces a cluster may have several operators, also under the same release name.
*/}}
{{- define "codemie-git-operator.clusterwide" -}}
{{- include "codemie-git-operator.fullname" . -}}
{{- if .Values.watchNamespaces }}-{{ .Release.Namespace }}{{ end -}}
{{- end -}}

{{- define "codemie-git-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "codemie-git-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "codemie-git-operator.labels" -}}
{{- include "codemie-git-operator.labelsAnd" (list . dict) -}}
{{- end -}}

{{/* The labels of an object with further ones: a list of the context and these. Of two under one key, the later. */}}
{{- define "codemie-git-operator.labelsAnd" -}}
{{- $context := index . 0 -}}
{{- $labels := include "codemie-git-operator.selectorLabels" $context | fromYaml -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/version" $context.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/part-of" "codemie" -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $context.Release.Service -}}
{{- range concat (list $context.Values.commonLabels) (rest .) -}}
{{- $labels = mergeOverwrite $labels (deepCopy .) -}}
{{- end -}}
{{- toYaml $labels -}}
{{- end -}}

{{- define "codemie-git-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "codemie-git-operator.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{/* A digest names the very bytes, so it wins over a tag. */}}
{{- define "codemie-git-operator.image" -}}
{{- $image := .Values.image -}}
{{- $name := $image.repository -}}
{{- with $image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/*
The Deployments as JSON, {"deployments": [...]}: one for each shard, or a single one without a name that works on
everything.
*/}}
{{- define "codemie-git-operator.deployments" -}}
{{- $fullname := include "codemie-git-operator.fullname" . -}}
{{- $deployments := list -}}
{{- range .Values.shards -}}
{{- $deployments = append $deployments (dict "name" (printf "%s-%s" $fullname .name) "shard" .name "selector" .selector "connections" (default false .connections)) -}}
{{- else -}}
{{- $deployments = append $deployments (dict "name" $fullname "connections" true) -}}
{{- end -}}
{{- dict "deployments" $deployments | toJson -}}
{{- end -}}

{{/* The fields of ClusterCodeMieConnection.spec that were given. */}}
{{- define "codemie-git-operator.connectionSpec" -}}
{{- omit .Values.connection "create" | toYaml -}}
{{- end -}}

{{/* The TCP egress ports that the values need, as JSON {"ports": [...]}: a JSON document of Helm is an object. */}}
{{- define "codemie-git-operator.egressPorts" -}}
{{- $ports := list "443" -}}
{{- range concat .Values.networkPolicy.apiServerPorts .Values.networkPolicy.ports -}}
{{- $ports = append $ports (toString (int .)) -}}
{{- end -}}
{{- $urls := list .Values.proxy.httpsProxy .Values.proxy.httpProxy -}}
{{- with .Values.connection -}}
{{- if .create -}}
{{- $urls = append $urls .url -}}
{{- range .auth -}}
{{- $urls = append $urls .tokenURL -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range compact $urls -}}
{{- /* A proxy may be host:port, as the operator takes it. */ -}}
{{- $url := urlParse (ternary . (printf "http://%s" .) (contains "://" .)) -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- $ports = append $ports ($port | default (ternary "80" "443" (eq $url.scheme "http"))) -}}
{{- end -}}
{{- dict "ports" (uniq $ports | sortAlpha) | toJson -}}
{{- end -}}

{{/* How monitors read metrics: scheme, trust and token, for one endpoint. A PodMonitor cannot use Prometheus' own token. */}}
{{- define "codemie-git-operator.scrape" -}}
{{- $metrics := .Values.metrics -}}
{{- $secret := $metrics.tls.secretName -}}
{{- if or $metrics.auth.enabled $secret -}}
scheme: https
tlsConfig:
  {{- if $secret }}
  ca:
    secret:
      name: {{ $secret | quote }}
      key: ca.crt
  serverName: {{ printf "%s-metrics.%s.svc" (include "codemie-git-operator.fullname" .) .Release.Namespace }}
  {{- else }}
  # Created by each process for itself: it encrypts, and can't be verified.
  insecureSkipVerify: true
  {{- end }}
{{- end }}
{{- if $metrics.auth.enabled }}
{{- if $metrics.auth.tokenSecret.name }}
authorization:
  type: Bearer
  credentials:
    name: {{ $metrics.auth.tokenSecret.name | quote }}
    key: {{ $metrics.auth.tokenSecret.key | quote }}
{{- else }}
bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
{{- end }}
{{- end }}
{{- end -}}

{{/* A port of the container: that of the flag --NAME-address in extraArgs, else the default. A list of context, name and default. */}}
{{- define "codemie-git-operator.containerPort" -}}
{{- $port := last . -}}
{{- $flag := printf "--%s-address=" (index . 1) -}}
{{- range (first .).Values.extraArgs -}}
{{- if hasPrefix $flag . }}{{ $port = regexFind "[0-9]+$" . }}{{ end -}}
{{- end -}}
{{- $port -}}
{{- end -}}
