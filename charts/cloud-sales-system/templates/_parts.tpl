{{/* The name of a part of this release: (list $ "web") */}}
{{- define "part.name" -}}
{{ printf "%s-%s" (index . 0).Release.Name (index . 1) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What identifies a part's pods, for ever: (list $ "web") */}}
{{- define "part.selector" -}}
app.kubernetes.io/name: cloud-sales-system
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "part.labels" -}}
{{ include "part.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end }}

{{/* Name, namespace and labels of an object of a part: (list $ "web") */}}
{{- define "part.metadata" -}}
name: {{ include "part.name" . }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "part.labels" . | nindent 2 }}
{{- end }}

{{- define "image" -}}
{{ printf "%s@%s" .repository .digest | quote }}
{{- end }}

{{/* What every pod of ours says of its rights: (list $) */}}
{{- define "pod.security" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with (index . 0).Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "container.security" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Spread a part's pods over zones and nodes, as far as there are some: (list $ "web") */}}
{{- define "pod.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "part.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* The settings of a process: (list $ <name of the ConfigMap>) */}}
{{- define "container.settings" -}}
envFrom:
  - configMapRef: {name: {{ index . 1 }}}
env:
  {{- range concat (index . 0).Values.secrets.names (index . 0).Values.secrets.more }}
  - {name: CLOUDSALES_{{ . }}_FILE, value: /mnt/secrets/{{ . }}}
  {{- end }}
{{- end }}

{{/* (list <read, write or nothing: what it may do with documents> <whether it writes anchors of audit trails>) */}}
{{- define "container.mounts" -}}
volumeMounts:
  - {name: state, mountPath: /var/cloudsales}
  {{- with index . 0 }}
  - {name: documents, mountPath: /var/cloudsales/documents, readOnly: {{ eq . "read" }}}
  {{- end }}
  {{- if index . 1 }}
  - {name: audit, mountPath: /var/cloudsales/anchors}
  {{- end }}
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /mnt/secrets, readOnly: true}
{{- end }}

{{/* (list $ <name of the SecretProviderClass> <both as in container.mounts>) */}}
{{- define "pod.volumes" -}}
volumes:
  - {name: state, emptyDir: {sizeLimit: 256Mi}}
  {{- with index . 2 }}
  - {name: documents, persistentVolumeClaim: {claimName: {{ (index $ 0).Values.documents.claim }}, readOnly: {{ eq . "read" }}}}
  {{- end }}
  {{- if index . 3 }}
  - {name: audit, persistentVolumeClaim: {claimName: {{ (index . 0).Values.audit.claim }}}}
  {{- end }}
  - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
  - name: secrets
    csi:
      driver: secrets-store.csi.k8s.io
      readOnly: true
      volumeAttributes: {secretProviderClass: {{ index . 1 }}}
{{- end }}

{{/* What a pod of ours must be replaced for: other settings, or rotated secrets. */}}
{{- define "pod.annotations" -}}
annotations:
  checksum/settings: {{ .Values.settings | toJson | sha256sum }}
  cloudsales/secrets-rotation: {{ .Values.secrets.rotation | quote }}
{{- end }}

{{/* Who a pod is, and which settings and secrets it may read: (list $ <app or migrate> <annotations>).
     A hook runs before the release's own objects are there, so the migration has a set of its own. */}}
{{- define "identity.objects" -}}
{{- $root := index . 0 }}{{ $part := index . 1 }}{{ $annotations := index . 2 }}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "part.metadata" (list $root $part) | nindent 2 }}
  annotations:
    azure.workload.identity/client-id: {{ get $root.Values.identity $part }}
    {{- with $annotations }}{{ . | nindent 4 }}{{ end }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "part.metadata" (list $root $part) | nindent 2 }}
  {{- with $annotations }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
data:
  {{- range $name, $value := $root.Values.settings }}
  CLOUDSALES_{{ $name }}: {{ $value | quote }}
  {{- end }}
  {{- if eq $part "migrate" }}
  CLOUDSALES_DATABASE_OWNER_URL: {{ $root.Values.migrate.ownerUrl | default $root.Values.settings.DATABASE_URL | quote }}
  CLOUDSALES_DATABASE_ROLE: {{ $root.Values.migrate.role | quote }}
  {{- end }}
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  {{- include "part.metadata" (list $root $part) | nindent 2 }}
  {{- with $annotations }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  provider: azure
  parameters:
    usePodIdentity: "false"
    clientID: {{ get $root.Values.identity $part | quote }}
    keyvaultName: {{ $root.Values.secrets.keyVault.name | quote }}
    tenantId: {{ $root.Values.secrets.keyVault.tenantId | quote }}
    objects: |
      array:
        {{- range concat $root.Values.secrets.names $root.Values.secrets.more }}
        - |
          objectName: cloudsales-{{ . | lower | replace "_" "-" }}
          objectType: secret
          objectAlias: {{ . }}
        {{- end }}
{{- end }}
