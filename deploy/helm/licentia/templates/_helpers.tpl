{{- define "licentia.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}-licentia
{{- end }}

{{- define "licentia.selector" -}}
app.kubernetes.io/name: licentia
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "licentia.labels" -}}
{{ include "licentia.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "licentia.image" -}}
{{- $repository := required "image.repository is required: no image is published" .Values.image.repository }}
{{- if .Values.image.digest }}{{ printf "%s@%s" $repository .Values.image.digest | quote }}
{{- else }}{{ printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) | quote }}{{ end }}
{{- end }}

{{- /* What the pods of the service and of the job have in common: nobody's rights. */}}
{{- define "licentia.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
{{ toYaml . | indent 2 }}
{{- end }}
{{- end }}

{{- define "licentia.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- /* One file of the volume: key `key` of secret or config map `name`, as file `path`. */}}
{{- define "licentia.source" -}}
- {{ .kind | default "secret" }}:
    name: {{ .name | quote }}
    items: [{ key: {{ .key | quote }}, path: {{ .path | quote }} }]
{{- end }}
