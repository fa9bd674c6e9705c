/** Debian's Prometheus, as a process of its own that scrapes a service under test; and promtool. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "./service.ts";

/**
 * Whether this machine has it; where not, it is said in a line that nobody overlooks.
 * @throws {Error} on a CI run, which must not leave it out
 */
export function hasPrometheus(): boolean {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
    execFileSync("prometheus", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env["CI"] === "true")
      throw new Error("no Prometheus on this machine, and a CI run tests the rules");
    console.warn(
      "\n!!! NO PROMETHEUS: alerts and dashboards are NOT tested; install the package prometheus !!!\n",
    );
    return false;
  }
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** The samples that a query returns now. */
  query(expression: string): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

/** @param target - host and port of a /metrics */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-prometheus-"));
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: rollcall, static_configs: [{ targets: ["${target}"] }] }]
`,
  );
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${url.slice("http://".length)}`,
    ],
    { stdio: "ignore" },
  );
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await waitFor(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    60_000,
  );
  return {
    async query(expression) {
      const response = await fetch(`${url}/api/v1/query`, {
        method: "POST",
        body: new URLSearchParams({ query: expression }),
      });
      const body = (await response.json()) as { error?: string; data?: { result: readonly Sample[] } };
      if (body.data === undefined) throw new Error(`${expression}: ${body.error ?? response.status}`);
      return body.data.result;
    },
    async stop() {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
