{{/* What the schema of the values cannot say: one sentence about what is wrong, and what to do. */}}
{{- define "codemie-git-operator.guards" -}}
{{- $values := .Values -}}
{{- if and (gt (int $values.replicas) 1) (not $values.leaderElection.enabled) -}}
{{- fail "replicas: more than one needs leaderElection.enabled: true, or all of them would work at the same time." -}}
{{- end -}}
{{- $lease := $values.leaderElection.leaseDuration -}}
{{- $seconds := 0 -}}
{{- range $unit, $factor := dict "h" 3600 "m" 60 "s" 1 -}}
{{- $seconds = add $seconds (mul $factor (regexFind (printf "[0-9]+%s" $unit) $lease | trimSuffix $unit | int)) -}}
{{- end -}}
{{- if or (lt $seconds 3) (gt $seconds 3600) -}}
{{- fail (printf "leaderElection.leaseDuration: must be 3s to 1h, not %s." $lease) -}}
{{- end -}}
{{- include "codemie-git-operator.labelGuards" . -}}
{{- include "codemie-git-operator.podGuards" . -}}
{{- include "codemie-git-operator.urlGuards" . -}}
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

{{/* Labels that the chart sets and selects by, and those that would give rights away. */}}
{{- define "codemie-git-operator.labelGuards" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "codemie.ai/operator-shard" -}}
{{- $metrics := .Values.metrics -}}
{{- $given := dict "commonLabels" .Values.commonLabels "podLabels" .Values.podLabels "metrics.serviceMonitor.labels" $metrics.serviceMonitor.labels "metrics.podMonitor.labels" $metrics.podMonitor.labels "metrics.prometheusRule.labels" $metrics.prometheusRule.labels "metrics.dashboard.labels" $metrics.dashboard.labels -}}
{{- range $value, $labels := $given -}}
{{- range $name, $_ := $labels -}}
{{- if or (has $name $own) (has $name (list "app.kubernetes.io/managed-by" "helm.sh/chart")) -}}
{{- fail (printf "%s: the label %s is set by the chart. Take it out." $value $name) -}}
{{- end -}}
{{- if hasPrefix "rbac.authorization.k8s.io/" $name -}}
{{- fail (printf "%s: the label %s would add the operator's roles to others. Take it out; see rbac.aggregate." $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if hasKey .Values.podAnnotations "checksum/connection" -}}
{{- fail "podAnnotations: the annotation checksum/connection is set by the chart. Take it out." -}}
{{- end -}}
{{- end -}}

{{/* What a Pod may have once only. */}}
{{- define "codemie-git-operator.podGuards" -}}
{{- $values := .Values -}}
{{- $flags := list -}}
{{- range $values.extraArgs -}}
{{- $flag := regexFind "^--[^=]+" . -}}
{{- if has $flag $flags -}}
{{- fail (printf "extraArgs: %s is given twice. Give it once." $flag) -}}
{{- end -}}
{{- $flags = append $flags $flag -}}
{{- end -}}
{{- if eq (include "codemie-git-operator.containerPort" (list . "metrics" "8080")) (include "codemie-git-operator.containerPort" (list . "probe" "8081")) -}}
{{- fail "extraArgs: metrics and probes would listen on the same port. Give one of the two addresses another port." -}}
{{- end -}}
{{- range $name, $limit := $values.resources.limits -}}
{{- $request := get (default dict $values.resources.requests) $name -}}
{{- if and (ne (toString $request) "") (gt (include "codemie-git-operator.amount" $request | float64) (include "codemie-git-operator.amount" $limit | float64)) -}}
{{- fail (printf "resources.requests.%s: must not be more than resources.limits.%s, which is %s." $name $name (toString $limit)) -}}
{{- end -}}
{{- end -}}
{{- if and $values.securityContext.privileged (eq (toString $values.securityContext.allowPrivilegeEscalation) "false") -}}
{{- fail "securityContext.privileged: needs allowPrivilegeEscalation: true." -}}
{{- end -}}
{{- range $monitor := list "serviceMonitor" "podMonitor" -}}
{{- $times := get $values.metrics $monitor -}}
{{- $interval := include "codemie-git-operator.milliseconds" $times.interval | int64 -}}
{{- /* Prometheus takes 0 for what it is set to, like nothing. */ -}}
{{- if and $interval (gt (include "codemie-git-operator.milliseconds" $times.scrapeTimeout | int64) $interval) -}}
{{- fail (printf "metrics.%s.scrapeTimeout: must not be more than metrics.%s.interval, which is %s." $monitor $monitor $times.interval) -}}
{{- end -}}
{{- end -}}
{{- $variables := dict "POD_NAME" "the chart" "POD_NAMESPACE" "the chart" -}}
{{- if $values.proxy.httpsProxy }}{{ $_ := set $variables "HTTPS_PROXY" "proxy.httpsProxy" }}{{ end -}}
{{- if $values.proxy.httpProxy }}{{ $_ := set $variables "HTTP_PROXY" "proxy.httpProxy" }}{{ end -}}
{{- if and $values.proxy.noProxy (or $values.proxy.httpsProxy $values.proxy.httpProxy) }}{{ $_ := set $variables "NO_PROXY" "proxy.noProxy" }}{{ end -}}
{{- range $values.extraEnv -}}
{{- if hasKey $variables .name -}}
{{- fail (printf "extraEnv: %s is set by %s already. Set it once." .name (get $variables .name)) -}}
{{- end -}}
{{- $_ := set $variables .name "extraEnv" -}}
{{- end -}}
{{- $volumes := dict "connection" "the chart" "ca" "the chart" "metrics-certificate" "the chart" -}}
{{- range $values.extraVolumes -}}
{{- if hasKey $volumes .name -}}
{{- fail (printf "extraVolumes: %s is the name of another volume. Give it another name." .name) -}}
{{- end -}}
{{- $_ := set $volumes .name "extraVolumes" -}}
{{- end -}}
{{- $paths := list -}}
{{- range $values.extraVolumeMounts -}}
{{- if ne (get $volumes .name) "extraVolumes" -}}
{{- fail (printf "extraVolumeMounts: there is no volume %s. Add it to extraVolumes." .name) -}}
{{- end -}}
{{- if has (trimSuffix "/" .mountPath) (list "" "/app" "/nodejs") -}}
{{- fail (printf "extraVolumeMounts: a mount at %s would hide the program. Choose another mountPath." .mountPath) -}}
{{- end -}}
{{- if or (has .mountPath $paths) (hasPrefix "/etc/codemie-git-operator/" (printf "%s/" .mountPath)) -}}
{{- fail (printf "extraVolumeMounts: something else is mounted at %s. Choose another mountPath." .mountPath) -}}
{{- end -}}
{{- $paths = append $paths .mountPath -}}
{{- end -}}
{{- $spreads := list -}}
{{- range $values.topologySpreadConstraints -}}
{{- $spread := printf "%s with %s" .topologyKey .whenUnsatisfiable -}}
{{- if has $spread $spreads -}}
{{- fail (printf "topologySpreadConstraints: two of them are for %s. Keep one." $spread) -}}
{{- end -}}
{{- $spreads = append $spreads $spread -}}
{{- end -}}
{{- end -}}

{{/* Ports, and where plain http may go: the rules of the ClusterCodeMieConnection, which is made by the operator only. */}}
{{- define "codemie-git-operator.urlGuards" -}}
{{- $urls := dict "proxy.httpsProxy" .Values.proxy.httpsProxy "proxy.httpProxy" .Values.proxy.httpProxy -}}
{{- with .Values.connection -}}
{{- if .create -}}
{{- $own := dict "connection.url" .url -}}
{{- range $login, $fields := .auth -}}
{{- with $fields.tokenURL }}{{ $_ := set $own (printf "connection.auth.%s.tokenURL" $login) . }}{{ end -}}
{{- end -}}
{{- range $value, $url := $own -}}
{{- if and (hasPrefix "http://" $url) (not $.Values.connection.insecure) (not (regexMatch "^http://[a-z0-9.-]+\\.svc(\\.cluster\\.local)?(:[0-9]+)?(/|$)" $url)) -}}
{{- fail (printf "%s: must be https; plain http is only for a Service of the cluster, whose host ends in .svc or .svc.cluster.local, unless connection.insecure is true." $value) -}}
{{- end -}}
{{- end -}}
{{- $urls = merge $urls $own -}}
{{- end -}}
{{- end -}}
{{- range $value, $url := $urls -}}
{{- $port := regexReplaceAll "^([A-Za-z]+://)?([^/?#]*@)?([^/?#]*).*$" $url "${3}" | regexFind ":[^:\\]]*$" -}}
{{- if and $port (or (not (regexMatch "^:[1-9][0-9]{0,4}$" $port)) (gt (trimPrefix ":" $port | int) 65535)) -}}
{{- fail (printf "%s: there is no port %q. Use one of 1 to 65535, without leading zeros, or none." $value (trimPrefix ":" $port)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes as a plain number. */}}
{{- define "codemie-git-operator.amount" -}}
{{- $factors := dict "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- $text := toString . -}}
{{- $unit := regexFind "([numkMGTPE]|[KMGTPE]i)$" $text -}}
{{- if and $unit (hasKey $factors $unit) -}}
{{- mulf (trimSuffix $unit $text | float64) (get $factors $unit) -}}
{{- else -}}
{{- float64 $text -}}
{{- end -}}
{{- end -}}

{{/* A duration of the Prometheus Operator in milliseconds. */}}
{{- define "codemie-git-operator.milliseconds" -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|[ywdhms])" . -1 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- $factor := get (dict "y" 31536000000 "w" 604800000 "d" 86400000 "h" 3600000 "m" 60000 "s" 1000 "ms" 1) $unit -}}
{{- $sum = add $sum (mul (trimSuffix $unit . | int64) $factor) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}
