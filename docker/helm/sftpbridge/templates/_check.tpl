{{/* Values that do not go together, each in a sentence that says what to do. */}}
{{- define "sftpbridge.check" -}}
{{- if not .Values.image.repository }}
  {{- fail "image.repository is not set: where does the cluster get the image from? For example registry.example.org/sftpbridge" }}
{{- end }}
{{- include "sftpbridge.checkConfig" . }}
{{- include "sftpbridge.checkReplicas" . }}
{{- include "sftpbridge.checkNetwork" . }}
{{- range .Values.extraEnv }}
  {{- if has .name (list "SFTPBRIDGE_LISTEN__ADDRESS" "SFTPBRIDGE_ADMIN__ADDRESS" "SFTPBRIDGE_LIMITS__DRAIN" "SFTPBRIDGE_LIMITS__LINGER") }}
    {{- fail (printf "extraEnv has %s, which the chart sets: use listenHost, metrics.enabled or shutdown" .name) }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "sftpbridge.checkConfig" -}}
{{- $config := fromToml .Values.config }}
{{- with $config.Error }}
  {{- fail (printf "config is not TOML: %s" .) }}
{{- end }}
{{- if not $config.upstreams }}
  {{- fail "config has no upstream: add [upstreams.main] with its address, and host_keys or known_hosts" }}
{{- end }}
{{- range list "drain" "linger" }}
  {{- if hasKey (dig "limits" dict $config) . }}
    {{- fail (printf "config has limits.%s: set shutdown.%sSeconds instead, by which Kubernetes knows how long to wait" . .) }}
  {{- end }}
{{- end }}
{{- if and (contains "/run/secrets/sftpbridge/" (toJson $config)) (not .Values.existingSecret) }}
  {{- fail "config names files in /run/secrets/sftpbridge, but existingSecret is not set: make a Secret with them, and name it" }}
{{- end }}
{{- range $name, $upstream := $config.upstreams }}
  {{- if and (eq (toString $upstream.known_hosts) "known_hosts") (not $.Values.knownHosts) }}
    {{- fail (printf "upstreams.%s has known_hosts = \"known_hosts\", but knownHosts is empty: put the lines there (sftpbridge keyscan prints them)" $name) }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "sftpbridge.checkReplicas" -}}
{{- $acme := dig "listen" "tls" "acme_domains" list (fromToml .Values.config) }}
{{- if and (include "sftpbridge.several" .) $acme }}
  {{- fail "acme_domains works with one replica only: the authority asks any of them, and one alone knows the answer. Set replicas to 1 without autoscaling, or let the Ingress have the certificate" }}
{{- end }}
{{- with .Values.autoscaling }}{{ if .enabled }}
  {{- if gt (int .minReplicas) (int .maxReplicas) }}
    {{- fail "autoscaling.minReplicas is greater than autoscaling.maxReplicas" }}
  {{- end }}
  {{- if and (eq .metric "sessions") (not $.Values.metrics.enabled) }}
    {{- fail "autoscaling.metric is sessions, but there are no metrics: set metrics.enabled, or take cpu" }}
  {{- end }}
  {{- if and (eq .metric "cpu") (not (dig "requests" "cpu" "" $.Values.resources)) }}
    {{- fail "autoscaling.metric is cpu: set resources.requests.cpu, of which it is a part" }}
  {{- end }}
{{- end }}{{ end }}
{{- end }}

{{- define "sftpbridge.checkNetwork" -}}
{{- $listen := dig "listen" dict (fromToml .Values.config) }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) }}
  {{- fail "metrics.serviceMonitor.enabled without metrics.enabled: there is nothing to monitor" }}
{{- end }}
{{- with .Values.networkPolicy }}{{ if .enabled }}
  {{- if not .clients }}
    {{- fail "networkPolicy.clients is empty: name who may connect, such as the Ingress controller" }}
  {{- end }}
  {{- if and $.Values.metrics.enabled (not .monitoring) }}
    {{- fail "networkPolicy.monitoring is empty: name who may read the metrics, or switch metrics.enabled off" }}
  {{- end }}
  {{- if not .egress }}
    {{- fail "networkPolicy.egress is empty: the bridge could reach no upstream" }}
  {{- end }}
{{- end }}{{ end }}
{{- with .Values.ingress }}{{ if .enabled }}
  {{- if not .host }}
    {{- fail "ingress.host is not set: under which name is the bridge reached?" }}
  {{- end }}
  {{- if hasKey $listen "tls" }}
    {{- fail "ingress.enabled with [listen.tls] in config: the Ingress ends TLS, and speaks plain HTTP to the bridge. Take one of the two out" }}
  {{- end }}
  {{- if not (or $listen.trusted_proxies $listen.allowed_origins) }}
    {{- fail "ingress.enabled, but config has no listen.trusted_proxies: set the network of the Ingress controller's pods, such as [\"10.244.0.0/16\"]. Else all visitors share the controller's address and limits, and pages under https are refused" }}
  {{- end }}
{{- end }}{{ end }}
{{- end }}
