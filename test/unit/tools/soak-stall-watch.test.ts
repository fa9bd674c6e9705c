/** What a soak writes down while an api acknowledges nothing. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Api } from "../../../tools/soak/installation.ts";
import { Observer } from "../../../tools/soak/observer.ts";
import { watchStalls } from "../../../tools/soak/stall-watch.ts";
import { waitFor } from "../../support/service.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** An api that says of itself that all is well. */
async function openApi(clientPort: number): Promise<Api> {
  const server = createServer((request, response) => {
    response.end(
      request.url === "/metrics" ? "# HELP x\nrollcall_writes_in_flight 12\n" : '{"status":"ready"}',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUps.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const its = { name: "api-0", pid: () => process.pid, metricsUrl: () => `http://127.0.0.1:${port}/metrics` };
  return { process: its as Api["process"], proxy: { port: clientPort } as Api["proxy"], port };
}

function openDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "stall-watch-"));
  cleanUps.push(() => rmSync(directory, { recursive: true }));
  return directory;
}

const WRITE = { client: "c7", wire: { method: "PATCH", path: "/Users/1" }, port: 1 } as const;
const ACK = { kind: "answer", status: 200, etag: undefined, retryAfter: undefined, body: undefined } as const;
const ended = new Promise<void>(() => undefined);

test("of an api that acknowledges nothing: who waits for it, and what it and Postgres say", async () => {
  const [directory, observer, lines] = [openDirectory(), new Observer(), [] as string[]];
  const apis = [await openApi(WRITE.port)];
  // No Postgres listens there.
  const postgres = { directUrl: () => "postgres://nobody@127.0.0.1:1/none" };
  observer.onSent({ ...WRITE })({ kind: "lost", reason: "timeout" });
  observer.onSent(WRITE);
  const watch = watchStalls({
    installation: { apis, directory, postgres },
    observer,
    onLine: (line) => lines.push(line),
    afterMs: 100,
  });
  await waitFor(() => lines.length > 0);
  await watch.stop();

  const told = readFileSync(join(directory, "stalls.log"), "utf8");
  expect(lines[0]).toMatch(/^api-0 has acknowledged no write for 0 s: see .*stalls\.log$/);
  expect(told).toContain("-- answers since: lost: timeout × 1");
  expect(told).toMatch(/c7 for 0\.\d s: PATCH \/Users\/1/);
  expect(told).toContain('200\n{"status":"ready"}');
  expect(told).toContain("rollcall_writes_in_flight 12");
  expect(told).not.toContain("# HELP");
  expect(told).toMatch(/-- pg_stat_activity\nno answer: .*ECONNREFUSED/);
});

test("an api that acknowledges is left alone", async () => {
  const [directory, observer, lines] = [openDirectory(), new Observer(), [] as string[]];
  const acknowledging = setInterval(() => observer.onSent({ ...WRITE })({ ...ACK, ended }), 20);
  cleanUps.push(() => clearInterval(acknowledging));
  const watch = watchStalls({
    installation: { apis: [await openApi(WRITE.port)], directory, postgres: { directUrl: () => "" } },
    observer,
    onLine: (line) => lines.push(line),
    afterMs: 2_000,
  });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await watch.stop();

  expect(lines).toEqual([]);
});
