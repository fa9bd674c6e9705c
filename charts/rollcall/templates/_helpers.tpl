{{- /*
Go's own template functions alone, and none that Helm adds: so that a test can run these templates by Go's engine
without Helm. What is free in form is written as JSON, which is YAML.
*/ -}}

{{- define "rollcall.json" -}}
{{- $type := printf "%T" . -}}
{{- if eq $type "string" -}}{{ printf "%q" . }}
{{- else if or (eq $type "bool") (eq $type "float64") (eq $type "int64") (eq $type "int") -}}{{ . }}
{{- else if eq $type "<nil>" -}}null
{{- else if eq $type "[]interface {}" -}}
[{{ range $index, $each := . }}{{ if $index }}, {{ end }}{{ template "rollcall.json" $each }}{{ end }}]
{{- else -}}
{{ print "{" }}{{ $isFirst := true }}{{ range $key, $value := . }}{{ if not $isFirst }}, {{ end }}{{ $isFirst = false -}}
{{ printf "%q" $key }}: {{ template "rollcall.json" $value }}{{ end }}{{ print "}" }}
{{- end -}}
{{- end -}}

{{- define "rollcall.selector" -}}
app.kubernetes.io/name: rollcall, app.kubernetes.io/instance: {{ printf "%q" .Release.Name }}
{{- end -}}

{{- define "rollcall.labels" -}}
{{ template "rollcall.selector" . }}, app.kubernetes.io/version: {{ printf "%q" .Chart.AppVersion }}, app.kubernetes.io/managed-by: {{ printf "%q" .Release.Service }}
{{- end -}}

{{- define "rollcall.image" -}}
{{ printf "%q" (printf "%s:%s" .Values.image.repository (or .Values.image.tag .Chart.AppVersion)) }}
{{- end -}}

{{- define "rollcall.secret" -}}
{{ printf "%q" (or .Values.secrets.existing (printf "%s-secrets" .Release.Name)) }}
{{- end -}}

{{- define "rollcall.migrationSecret" -}}
{{- if .Values.secrets.external.enabled -}}{{ printf "%q" (printf "%s-migrate" .Release.Name) }}
{{- else -}}{{ printf "%q" (or .Values.secrets.existingForMigrations .Values.secrets.existing) }}{{- end -}}
{{- end -}}

{{- /* What all processes are told; empty is unset. */ -}}
{{- define "rollcall.env" -}}
{{- range $name, $value := .Values.settings }}{{ if $value }}
            - { name: {{ $name }}, value: {{ printf "%q" $value }} }{{ end }}{{ end }}
{{- end -}}

{{- define "rollcall.podSecurity" -}}
{ runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
{{- end -}}

{{- define "rollcall.containerSecurity" -}}
{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
{{- end -}}
