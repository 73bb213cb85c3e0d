{{/* Names and labels, as Helm's own starter chart has them. */}}
{{- define "sftpbridge.name" -}}
{{ .Values.nameOverride | default .Chart.Name }}
{{- end }}

{{- define "sftpbridge.fullname" -}}
{{- $name := include "sftpbridge.name" . }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $both | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* What the pods are found by. It cannot change in a release that is installed. */}}
{{- define "sftpbridge.selector" -}}
app.kubernetes.io/name: {{ include "sftpbridge.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sftpbridge.labels" -}}
{{ include "sftpbridge.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sftpbridge.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Whether there may be more than one pod: "true" or nothing. */}}
{{- define "sftpbridge.several" -}}
{{- if .Values.autoscaling.enabled }}{{ gt (int .Values.autoscaling.maxReplicas) 1 | ternary "true" "" }}
{{- else }}{{ gt (int .Values.replicas) 1 | ternary "true" "" }}{{ end }}
{{- end }}

{{/* listen.base_path, with no slash at its end. */}}
{{- define "sftpbridge.basePath" -}}
{{ dig "listen" "base_path" "/" (fromToml .Values.config) | trimSuffix "/" }}
{{- end }}

{{/* HTTPS if the bridge itself speaks TLS. */}}
{{- define "sftpbridge.scheme" -}}
{{ hasKey (dig "listen" dict (fromToml .Values.config)) "tls" | ternary "HTTPS" "HTTP" }}
{{- end }}

{{/* How long a pod may take to end. After drain and linger the bridge needs up to 28 s for audit records, traces and
     threads (docs/configuration.md, limits.drain); 2 s are for the kubelet. */}}
{{- define "sftpbridge.gracePeriod" -}}
{{ with .Values.shutdown }}{{ add .preStopSeconds .drainSeconds .lingerSeconds 30 }}{{ end }}
{{- end }}

{{/* The container's security, for the bridge and for the test. */}}
{{- define "sftpbridge.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The user of the image. Files of Secrets get this group, so that it can read them. */}}
{{- define "sftpbridge.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}
