/** Whoever stops a process waits until it has left its balancer and ended what it has in hand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { Config } from "../../../src/platform/config.ts";
import { manifestsOf } from "../../support/chart.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const numberIn = (path: string, pattern: RegExp): number =>
  Number(pattern.exec(read(path))?.[1]?.replaceAll("_", ""));

const STOP_SECONDS = numberIn("src/service.ts", /STOP_TOTAL_MS = ([\d_]+)/) / 1_000;
// For Node to start its end, and for a machine that is busy.
const SPARE_SECONDS = 5;

interface Patience {
  readonly what: string;
  readonly delay: string | undefined;
  readonly graceSeconds: number;
}

function expectTime({ what, delay, graceSeconds }: Patience): void {
  const delaySeconds = Config.shape.SHUTDOWN_DELAY_SECONDS.parse(delay);
  expect(delaySeconds, what).toBeGreaterThan(0);
  expect(graceSeconds, what).toBeGreaterThanOrEqual(delaySeconds + STOP_SECONDS + SPARE_SECONDS);
}

test("a process that somebody started by hand ends at once, and all parts together within a while", () => {
  expect(Config.shape.SHUTDOWN_DELAY_SECONDS.parse(undefined)).toBe(0);
  expect(STOP_SECONDS).toBeGreaterThan(0);
});

test("no server drains for longer than a part may take to stop", () => {
  const drain = numberIn("src/platform/http-server.ts", /\bDRAIN_MS = ([\d_]+)/);

  expect(drain).toBeGreaterThan(0);
  expect(drain).toBeLessThan(numberIn("src/service.ts", /STOP_TIMEOUT_MS = ([\d_]+)/));
});

test("Kubernetes waits, and for as long as the values say", async () => {
  interface Pod {
    readonly terminationGracePeriodSeconds: number;
    readonly containers: readonly [
      { readonly env: readonly { readonly name: string; readonly value: string }[] },
    ];
  }
  const podsOf = async (values: object): Promise<readonly Pod[]> =>
    (await manifestsOf({ secrets: { existing: "rollcall" }, ...values }))
      .filter(({ kind }) => kind === "Deployment")
      .map(({ spec }) => (spec?.["template"] as { readonly spec: Pod }).spec);
  const pods = await podsOf({});
  const slow = await podsOf({
    settings: { SHUTDOWN_DELAY_SECONDS: "60" },
    terminationGracePeriodSeconds: 95,
  });

  expect(pods).toHaveLength(3);
  for (const { containers, terminationGracePeriodSeconds: graceSeconds } of [...pods, ...slow]) {
    const [{ env }] = containers;
    const delay = env.find(({ name }) => name === "SHUTDOWN_DELAY_SECONDS")?.value;
    expectTime({ what: "chart", delay, graceSeconds });
  }
});

test("Compose waits", () => {
  interface Service {
    readonly environment?: Readonly<Record<string, string>>;
    readonly stop_grace_period?: string;
  }
  const { services } = parse(read("docker-compose.yml"), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
  };
  const ours = Object.entries(services).filter(([, { environment }]) => environment?.["ROLES"] !== undefined);

  expect(ours).toHaveLength(3);
  for (const [what, { environment, stop_grace_period: grace = "" }] of ours) {
    const delay = /:-(\d+)\}$/.exec(environment?.["SHUTDOWN_DELAY_SECONDS"] ?? "")?.[1];
    expectTime({ what, delay, graceSeconds: Number.parseInt(grace, 10) });
  }
});

test("systemd waits", () => {
  const unit = "ops/systemd/rollcall@.service";
  const delay = /^Environment=.*\bSHUTDOWN_DELAY_SECONDS=(\d+)/m.exec(read(unit))?.[1];

  expectTime({ what: unit, delay, graceSeconds: numberIn(unit, /^TimeoutStopSec=(\d+)$/m) });
});

test("the image leaves its balancer as well", () => {
  expect(numberIn("Dockerfile", /^ENV .*\bSHUTDOWN_DELAY_SECONDS=(\d+)/m)).toBeGreaterThan(0);
});
