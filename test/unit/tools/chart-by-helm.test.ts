/** The chart in Helm's own hands: it takes the chart and its schema, and makes of it what our engine makes. */
import { describe, expect, test } from "vitest";
import { type Manifest, manifestsOf, type Values } from "../../support/chart.ts";
import { hasHelm, lintWithHelm, renderWithHelm } from "../../support/helm.ts";

const SECRET: Values = { secrets: { existing: "rollcall" } };
// docs/kubernetes.md, "Install".
const INSTALLED: Values = {
  image: { repository: "registry.example.com/rollcall" },
  settings: {
    PUBLIC_URL: "https://scim.example.com",
    CONSOLE_URL: "https://console.example.com",
    TRUST_PROXY: "10.0.0.0/8",
  },
  secrets: { existing: "rollcall", existingForMigrations: "rollcall-owner" },
  ingress: {
    enabled: true,
    className: "nginx",
    apiHost: "scim.example.com",
    consoleHost: "console.example.com",
    tlsSecret: "rollcall-tls",
  },
  serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
};
const EXTERNAL: Values = {
  secrets: {
    external: { enabled: true, store: { name: "vault" }, key: "rollcall", keyForMigrations: "owner" },
  },
  roles: {
    worker: { autoscaling: { enabled: false }, replicas: 3, env: [{ name: "NODE_OPTIONS", value: "-r x" }] },
  },
};
const ALL = [
  ["with a Secret alone", SECRET],
  ["as the page on Kubernetes installs it", INSTALLED],
  ["with External Secrets", EXTERNAL],
] as const;

const inOrder = (manifests: readonly Manifest[]): Manifest[] =>
  manifests.toSorted((one, two) => nameOf(one).localeCompare(nameOf(two)));
const nameOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`;

describe.runIf(hasHelm())("Helm", () => {
  test.each(ALL)("%s, finds nothing to say against the chart", (_, values) => {
    const { isGood, output } = lintWithHelm(values);

    expect(isGood, output).toBe(true);
    expect(output).not.toMatch(/WARN|ERROR/);
  });

  test.each(ALL)("%s, makes what our engine makes", async (_, values) => {
    expect(inOrder(renderWithHelm(values))).toEqual(inOrder(await manifestsOf(values)));
  });

  test("refuses values that are misspelt, dangerous or missing", () => {
    const refused: readonly (readonly [Values, RegExp])[] = [
      [{}, /secrets/],
      [{ ...SECRET, replicas: 3 }, /replicas/],
      [{ ...SECRET, settings: { ROLLCALL_SECRET: "in clear" } }, /ROLLCALL_SECRET/],
      [{ ...SECRET, settings: { API_PORT: "80" } }, /API_PORT/],
      [{ ...SECRET, settings: { TRUST_PROXIES: "10.0.0.0/8" } }, /TRUST_PROXIES/],
      [{ ...SECRET, networkPolicy: { from: [] } }, /networkPolicy/],
    ];

    for (const [values, reason] of refused) {
      const { isGood, output } = lintWithHelm(values);
      expect(isGood, JSON.stringify(values)).toBe(false);
      expect(output).toMatch(reason);
    }
  });
});
