/** Values of the Helm chart that its tests try. */
import type { Values } from "./chart.ts";

export const SECRET: Values = { secrets: { existing: "rollcall" } };
export const EVERYTHING: Values = {
  image: { repository: "registry.example.com/rollcall", pullSecrets: [{ name: "pull" }] },
  settings: { PUBLIC_URL: "https://scim.example.com", OIDC_LABEL: 'the "Acme" # org: ü\n{{ .Values }}' },
  secrets: {
    external: {
      enabled: true,
      store: { name: "vault", kind: "ClusterSecretStore" },
      key: "rollcall",
      keyForMigrations: "owner",
    },
  },
  roles: {
    api: {
      nodeSelector: { pool: "apps" },
      tolerations: [{ key: "apps", operator: "Exists", tolerationSeconds: 30 }],
      env: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=700" }],
    },
    worker: { autoscaling: { enabled: false }, replicas: 3 },
  },
  ingress: {
    enabled: true,
    className: "nginx",
    annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" },
    apiHost: "scim.example.com",
    consoleHost: "console.example.com",
    tlsSecret: "rollcall-tls",
  },
  serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
};
