/** The Helm chart: what it makes is what Kubernetes takes, and fits the service that it starts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1beta1/ExternalSecret";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { Job } from "kubernetes-models/batch/v1/Job";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { expect, test } from "vitest";
import { Config } from "../../../src/platform/config.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";
import { chart, defaultValues, type Manifest, manifestsOf, renderChart } from "../../support/chart.ts";
import { EVERYTHING, SECRET } from "../../support/chart-values.ts";

const ROOT = join(import.meta.dirname, "../../..");
const ALL = [
  ["with a Secret alone", SECRET],
  ["with everything", EVERYTHING],
] as const;

/** The schemas of Kubernetes' own API, and of the two operators. */
const KINDS = {
  Deployment,
  ExternalSecret,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  ServiceAccount,
  ServiceMonitor,
};

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: object;
  readonly startupProbe?: { readonly periodSeconds: number; readonly failureThreshold: number };
  readonly livenessProbe?: {
    readonly httpGet: { readonly path: string; readonly port: string };
    readonly terminationGracePeriodSeconds?: number;
  };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
}
interface PodSpec {
  readonly securityContext: object;
  readonly automountServiceAccountToken: boolean;
  readonly containers: readonly [Container];
}

/**
 * Kubernetes' schemas let pass what they do not name, so a misplaced key goes unnoticed; but a validator that was made
 * of them never looks at it. @returns what to validate, and what was not looked at since
 */
function watched<Value extends object>(
  value: Value,
): { readonly proxy: Value; readonly unread: () => string[] } {
  const left = new Set(pathsIn(value));
  const wrap = <Part extends object>(part: Part, path: string): Part =>
    new Proxy(part, {
      get(target, key, receiver) {
        const found: unknown = Reflect.get(target, key, receiver);
        const below = `${path}/${String(key)}`;
        left.delete(below);
        return typeof found === "object" && found !== null ? wrap(found, below) : found;
      },
    });
  return { proxy: wrap(value, ""), unread: () => [...left] };
}

function pathsIn(value: object, path = ""): string[] {
  return Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    const below = `${path}/${key}`;
    return [below, ...(typeof part === "object" && part !== null ? pathsIn(part, below) : [])];
  });
}

const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);
const podOf = (manifest: Manifest): PodSpec => (manifest.spec?.["template"] as { spec: PodSpec }).spec;

test.each(ALL)("%s, all of it is what the API's schemas take", async (_, values) => {
  const manifests = await manifestsOf(values);

  for (const manifest of manifests) {
    const Kind = KINDS[manifest.kind as keyof typeof KINDS];
    expect(Kind, manifest.kind).toBeDefined();
    // The package knows v1beta1 of this operator, and what is used of it is the same in v1.
    const known =
      manifest.apiVersion === "external-secrets.io/v1" ? { apiVersion: "external-secrets.io/v1beta1" } : {};
    const { proxy, unread } = watched(new Kind({ ...manifest, ...known } as never));
    expect(() => proxy.validate(), `${manifest.kind} ${manifest.metadata.name}`).not.toThrow();
    expect(unread(), `${manifest.kind} ${manifest.metadata.name}`).toEqual([]);
  }
  const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(ofKind(manifests, "Deployment").map(({ metadata }) => metadata.name)).toEqual([
    "acme-api",
    "acme-dashboard",
    "acme-worker",
  ]);
});

test("the schemas notice what is wrong, and what they do not know", () => {
  const spec = { maxUnavailable: 1, selector: { matchLabel: { of: "x" }, matchLabels: { of: "x" } } };
  const budget = new PodDisruptionBudget({ metadata: { name: "x" }, spec });
  const { proxy, unread } = watched(budget);

  proxy.validate();
  expect(unread()).toEqual(["/spec/selector/matchLabel", "/spec/selector/matchLabel/of"]);
  expect(() => new PodDisruptionBudget({ spec: { maxUnavailable: [] } } as never).validate()).toThrow(
    /maxUnavailable/,
  );
});

test.each(ALL)("%s, every process runs without rights", async (_, values) => {
  const manifests = await manifestsOf(values);
  const pods = [...ofKind(manifests, "Deployment"), ...ofKind(manifests, "Job")].map(podOf);

  expect(pods).toHaveLength(4);
  for (const pod of pods) {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
});

test("a process has a role that there is, and is asked where it answers", async () => {
  const deployments = ofKind(await manifestsOf(EVERYTHING), "Deployment");

  for (const deployment of deployments) {
    const [{ name, env, livenessProbe, readinessProbe }] = podOf(deployment).containers;
    const role = env.find((each) => each.name === "ROLES")?.value;
    const isWorker = role === "worker";

    expect(Config.shape.ROLES.parse(role)).toEqual(new Set([name]));
    // Its own, or a process that hangs would be left hanging for all of the pod's grace.
    expect(livenessProbe?.terminationGracePeriodSeconds).toBe(10);
    expect(livenessProbe?.httpGet).toEqual(
      isWorker ? { path: "/metrics", port: "metrics" } : { path: "/health/live", port: "http" },
    );
    expect(readinessProbe?.httpGet.path).toBe(isWorker ? "/metrics" : "/health/ready");
  }
});

test("a pod may wait for its stores for as long as it is told to, before it is started anew", async () => {
  const deployments = ofKind(await manifestsOf(SECRET), "Deployment");

  expect(deployments).toHaveLength(3);
  for (const deployment of deployments) {
    const [{ env, startupProbe }] = podOf(deployment).containers;
    const waits = Number(env.find(({ name }) => name === "DATABASE_WAIT_SECONDS")?.value);
    const { periodSeconds = 0, failureThreshold = 0 } = startupProbe ?? {};
    // Kubernetes forgets how often it started a container once one has lasted for ten minutes.
    expect(waits).toBeGreaterThanOrEqual(600);
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(waits + 30);
  }
});

test("settings are the service's, and arrive as they were written", async () => {
  const known = Object.keys(Config.shape);
  const [api] = ofKind(await manifestsOf(EVERYTHING), "Deployment");
  const env = podOf(api as Manifest).containers[0].env;

  expect(Object.keys(defaultValues["settings"] as object).filter((name) => !known.includes(name))).toEqual(
    [],
  );
  expect(env.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual(["NODE_OPTIONS"]);
  expect(env.find(({ name }) => name === "OIDC_LABEL")?.value).toBe('the "Acme" # org: ü\n{{ .Values }}');
  expect(env.some(({ value }) => value === "")).toBe(false);
});

test("migrations run before the processes, under the owner's secret, by a program that is built", async () => {
  const [job] = ofKind(await manifestsOf(EVERYTHING), "Job");
  const secrets = ofKind(await manifestsOf(EVERYTHING), "ExternalSecret");
  const [{ command, image }] = podOf(job as Manifest).containers;

  expect(job?.metadata.annotations).toMatchObject({ "helm.sh/hook": "pre-install,pre-upgrade" });
  expect(job?.spec).toMatchObject({
    template: { spec: { containers: [{ envFrom: [{ secretRef: { name: "acme-migrate" } }] }] } },
  });
  expect(secrets.map(({ metadata, spec }) => [metadata.name, spec?.["dataFrom"]])).toEqual([
    ["acme-secrets", [{ extract: { key: "rollcall" } }]],
    ["acme-migrate", [{ extract: { key: "owner" } }]],
  ]);
  expect(existsSync(join(ROOT, (command?.[1] ?? "").replace("dist/", "").replace(".js", ".ts")))).toBe(true);
  expect(image).toBe(`registry.example.com/rollcall:${chart.appVersion}`);
});

test("workers grow by how long the queue waits, by a metric that there is", async () => {
  const scalers = ofKind(await manifestsOf(SECRET), "HorizontalPodAutoscaler");
  const { registry } = createMetrics({ tenantsMax: 1, version: "0" });
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  const { spec } = scalers.find(({ metadata }) => metadata.name === "acme-worker") ?? {};

  expect(spec?.["metrics"]).toEqual([
    {
      type: "External",
      external: {
        metric: {
          name: "rollcall_queue_oldest_waiting_seconds",
          selector: { matchLabels: { queue: "scim-writes" } },
        },
        target: { type: "Value", value: "2" },
      },
    },
  ]);
  expect(names).toContain("rollcall_queue_oldest_waiting_seconds");
  expect(readFileSync(join(ROOT, "src/queue/queues.ts"), "utf8")).toContain('"scim-writes"');
});

test("only the ingress reaches the doors, only Prometheus the metrics, and a worker has no door", async () => {
  const [all, doors] = ofKind(await manifestsOf(SECRET), "NetworkPolicy");

  expect(all?.spec).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
  expect((all?.spec?.["ingress"] as object[]).length).toBe(1);
  expect(all?.spec?.["ingress"]).toMatchObject([{ ports: [{ port: "metrics" }] }]);
  expect(doors?.spec).toMatchObject({
    podSelector: { matchExpressions: [{ operator: "In", values: ["api", "dashboard"] }] },
    ingress: [{ ports: [{ port: "http" }] }],
  });
});

test("the chart's versions are the package's", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };

  expect(chart).toMatchObject({ version, appVersion: version });
});

test("what is left to do is said after the installation", async () => {
  expect((await renderChart(SECRET)).get("NOTES.txt")).toContain("settings.TRUST_PROXY is empty");
  expect((await renderChart(EVERYTHING)).get("NOTES.txt")).not.toContain("settings.PUBLIC_URL is empty");
});
