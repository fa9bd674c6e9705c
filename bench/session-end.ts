/**
 * How long does a session of the product go on after Azure has taken the person's access away? From the answer to the
 * deactivation until the demo product refuses the session's next request.
 *
 *   npm run bench:session-end -- [--people 50] [--follow feed|none] [--queue redis] [--append]
 *
 * The simulator plays Azure, the service is a process of its own, the product asks by its client: `feed` follows the events,
 * `none` has its answers for `cacheMs` (1,000) only.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRollcallClient } from "../src/client/index.ts";
import { parseConfig } from "../src/platform/config.ts";
import { prepareStores } from "../src/prepare.ts";
import { startAzure } from "../test/support/azure.ts";
import { addProductKey } from "../test/support/product.ts";
import { addTenant, spawnService } from "../test/support/service.ts";
import { createDemoProduct } from "../tools/demo-product/product.ts";
import { openBenchStores } from "./lib/bench-stores.ts";
import { commit, machine } from "./lib/machine.ts";

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "50" },
    follow: { type: "string", default: "feed" },
    queue: { type: "string", default: "redis" },
    append: { type: "boolean", default: false },
  },
});

const benchStores = await openBenchStores(values.queue);
const { env, database } = benchStores;
try {
  await prepareStores(parseConfig(env));
  const service = await spawnService({ ...env, ROLES: "api,worker" });
  try {
    const line = lineOf(await measure(service.apiUrl));
    console.log(line);
    if (values.append) addRow(line);
  } finally {
    await service.stop();
  }
} finally {
  await benchStores.stop();
}

/** @returns milliseconds, one for each person, sorted */
async function measure(apiUrl: string): Promise<readonly number[]> {
  const { tenantId, token } = await addTenant({ database }, apiUrl);
  const rollcall = createRollcallClient({ url: apiUrl, key: await addProductKey(database, tenantId) });
  const stopFollowing = values.follow === "feed" ? rollcall.follow() : () => undefined;
  const product = createDemoProduct(rollcall).listen(0, "127.0.0.1");
  await new Promise((resolve) => product.once("listening", resolve));
  const url = `http://127.0.0.1:${(product.address() as AddressInfo).port}`;
  const azure = startAzure(apiUrl, token);
  const found: number[] = [];
  try {
    for (let number = 0; number < Number(values.people); number += 1) {
      const person = azure.hire();
      await azure.assign(person);
      const cookie = await signIn(url, person.userName);
      if (!(await isIn(url, cookie))) throw new Error(`${person.userName} has no session`);
      await azure.remove(person);
      const since = performance.now();
      while (await isIn(url, cookie));
      found.push(performance.now() - since);
    }
  } finally {
    azure.stop();
    stopFollowing();
    product.close();
    product.closeAllConnections();
  }
  return found.toSorted((a, b) => a - b);
}

async function signIn(url: string, userName: string): Promise<string> {
  const body = new URLSearchParams({ userName });
  const response = await fetch(`${url}/sign-in`, { method: "POST", body, redirect: "manual" });
  const [cookie] = response.headers.getSetCookie();
  if (cookie === undefined) throw new Error(`${userName} was turned away: ${response.status}`);
  return cookie.split(";")[0] ?? "";
}

async function isIn(url: string, cookie: string): Promise<boolean> {
  const response = await fetch(`${url}/session`, { headers: { cookie } });
  await response.arrayBuffer();
  return response.status === 204;
}

function lineOf(found: readonly number[]): string {
  const at = (share: number): string =>
    Math.round(found[Math.min(found.length - 1, Math.floor(share * found.length))] ?? 0).toString();
  const cells = [
    ...[new Date().toISOString().slice(0, 10), commit(), machine(), values.queue, values.follow],
    ...[String(found.length), at(0.5), at(0.95), at(1)],
  ];
  return `| ${cells.join(" | ")} |\n`;
}

/** Behind the rows that this question has in bench/README.md. */
function addRow(line: string): void {
  const path = join(import.meta.dirname, "README.md");
  const [before = "", own = ""] = readFileSync(path, "utf8").split(/(?=^## How long does a session)/m);
  const end = /(?<=^\|.*\n)(?!\|)/m.exec(own)?.index ?? own.length;
  writeFileSync(path, before + own.slice(0, end) + line + own.slice(end));
}
