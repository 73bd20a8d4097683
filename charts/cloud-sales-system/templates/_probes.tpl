{{/* Ready: its databases answer and are migrated. Alive: the process answers; a database away is no reason to restart. */}}
{{- define "web.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 30
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
lifecycle: # the gateway learns of the end a little later than the pod: go on serving until it has
  preStop:
    sleep: {seconds: 10}
{{- end }}

{{/* A process without an address touches a file while it goes round (domains/kernel/heartbeat.py). */}}
{{- define "heartbeat.probes" -}}
{{- $command := `test -n "$(find /var/cloudsales/heartbeat -newermt "-%d seconds" -type f)"` }}
startupProbe:
  exec: {command: [sh, -c, {{ printf $command (int .Values.heartbeat) | toJson }}]}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  exec: {command: [sh, -c, {{ printf $command (int .Values.heartbeat) | toJson }}]}
  periodSeconds: 30
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}
