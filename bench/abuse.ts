/**
 * What does the api hold when the open internet does its worst, and does it give it back? Each attack comes in equal
 * rounds on one process that has been up for a while, and a customer goes on asking. What grows only in the first
 * rounds is room that is used again; what grows in each would be a leak.
 *
 *   npm run bench:abuse -- [--rounds 5] [--seconds 10] [--tls] [--queue redis] [--append] [names: idle, gigabytes …]
 *   npm run bench:abuse -- --tls --preload libjemalloc.so.2 idle     # with another allocator than the C library's
 *
 * Attackers are a process of their own, which ends with each round; client, service and stores share the machine's cores.
 */
import { fork } from "node:child_process";
import { appendFileSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openSelfSigned } from "../src/embedded/self-signed.ts";
import { parseConfig } from "../src/platform/config.ts";
import { prepareStores } from "../src/prepare.ts";
import { setConnectionLimits } from "../src/store/connection-limits.ts";
import { addTenant, type ServiceProcess, spawnService } from "../test/support/service.ts";
import type { Order, Word } from "./lib/attacker.ts";
import { type AttackName, ATTACKS, type Place } from "./lib/attacks.ts";
import { type BenchStores, openBenchStores } from "./lib/bench-stores.ts";
import { residentMib } from "./lib/cpu.ts";
import { commit, machine } from "./lib/machine.ts";
import type { Memory } from "./lib/memory-probe.ts";
import { newUserName, userBody } from "./lib/scenarios.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    queue: { type: "string", default: "redis" },
    tls: { type: "boolean", default: false },
    /** What the image of Rollcall sets as LD_PRELOAD. */
    preload: { type: "string", default: "" },
    append: { type: "boolean", default: false },
  },
});
const forMs = Number(values.seconds) * 1_000;
const MIB = 1_048_576;
const LOOK_EVERY_MS = 100;
const ASK_EVERY_MS = 20;
const WARM_UP = { ms: 20_000, lanes: 16 };
const SETTLE_MS = 2_000;
// Node's switches of bin/start, and what looks into the process.
const NODE_ARGS = ["--expose-gc", "--import", "tsx", "--import", "./bench/lib/memory-probe.ts"];

interface Round {
  readonly did: string;
  readonly peakMib: number;
  /** Resident, some seconds after the end, without a collection being asked for. */
  readonly afterMib: number;
  /** After a collection. */
  readonly live: Memory;
  readonly perConnectionKib: number | undefined;
  readonly asked: readonly number[];
  readonly failed: number;
}

const stores = await openBenchStores(values.queue);
const probe = join(stores.folder, "probe");
// One process asks over TLS and does not know the certificate.
process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = values.tls ? "0" : "1";
let service: ServiceProcess | undefined;
try {
  const tls = values.tls ? await openSelfSigned(stores.folder, []) : undefined;
  await prepareStores(parseConfig(stores.env));
  service = await spawnService(
    {
      ...stores.env,
      MEMORY_PROBE: probe,
      LD_PRELOAD: values.preload,
      ...(tls && { TLS_CERT_FILE: tls.certFile, TLS_KEY_FILE: tls.keyFile }),
    },
    [],
    NODE_ARGS,
  );
  const place = await openPlace(stores, service.apiUrl);
  await warmUp(place);
  const settled = await memoryOf("/collected");
  let text = `\n${new Date().toISOString().slice(0, 10)}, ${commit()}, ${machine()}${values.tls ? ", over TLS" : ""}${values.preload === "" ? "" : `, with ${values.preload}`}; after ordinary load ${mib(settled.rss)} MiB resident, ${mib(settled.heapUsed)} of them live:\n\n`;
  text +=
    "| what is sent | what becomes of it | MiB at most, by round | MiB 2 s after, by round | live MiB after a collection, by round | a connection, KiB | the customer: served | p50 / p95 ms |\n| - | - | - | - | - | - | - | - |\n";
  for (const name of wantedAttacks()) text += await attackInRounds(name, place, service.child.pid ?? 0);
  console.log(text);
  if (values.append) appendFileSync(join(import.meta.dirname, "README.md"), text);
} finally {
  await service?.stop();
  await stores.stop();
}

function wantedAttacks(): readonly AttackName[] {
  const names = Object.keys(ATTACKS) as AttackName[];
  return positionals.length === 0 ? names : names.filter((name) => positionals.includes(name));
}

async function openPlace({ database }: BenchStores, url: string): Promise<Place> {
  const { token } = await addTenant({ database }, url);
  const limited = await addTenant({ database }, url);
  await database.transaction((tx) =>
    setConnectionLimits(
      tx,
      { tenantId: limited.tenantId, id: limited.connectionId },
      { allowedAddresses: null, requestsPerSecond: 10 },
    ),
  );
  return { url, token, limitedToken: limited.token };
}

/** Reads and writes as a busy day brings them: compiled code, filled pools, a heap of its usual size. */
async function warmUp(place: Place): Promise<void> {
  const until = performance.now() + WARM_UP.ms;
  const headers = { authorization: `Bearer ${place.token}`, "content-type": "application/scim+json" };
  await Promise.all(
    Array.from({ length: WARM_UP.lanes }, async () => {
      while (performance.now() < until) {
        const created = await fetch(`${place.url}/scim/v2/Users`, {
          ...{ method: "POST", headers, body: userBody(newUserName()) },
        });
        await created.arrayBuffer();
        await ask(place);
      }
    }),
  );
}

async function attackInRounds(name: AttackName, place: Place, pid: number): Promise<string> {
  const rounds: Round[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) rounds.push(await watch(name, place, pid));
  return line(name, rounds);
}

/** Asks on as a customer does, and looks at the memory, for as long as the attack takes. */
async function watch(name: AttackName, place: Place, pid: number): Promise<Round> {
  const before = await memoryOf("/collected");
  const asked: number[] = [];
  let [peakMib, failed, isOver] = [residentMib(pid), 0, false];
  const looking = setInterval(() => (peakMib = Math.max(peakMib, residentMib(pid))), LOOK_EVERY_MS);
  const customer = (async (): Promise<void> => {
    while (!isOver) {
      const startedAt = performance.now();
      if ((await ask(place)) === 200) asked.push(performance.now() - startedAt);
      else failed += 1;
      await sleep(ASK_EVERY_MS);
    }
  })();
  let perConnectionKib: number | undefined;
  const did = await attack({ name, place, forMs }, async (connections) => {
    const { heapUsed, external } = await memoryOf("/collected");
    perConnectionKib = (heapUsed + external - before.heapUsed - before.external) / 1024 / connections;
  });
  isOver = true;
  await customer;
  await sleep(SETTLE_MS);
  clearInterval(looking);
  const afterMib = residentMib(pid);
  return { did, peakMib, afterMib, live: await memoryOf("/collected"), perConnectionKib, asked, failed };
}

/** @returns what became of it */
async function attack(order: Order, onHeld: (connections: number) => Promise<void>): Promise<string> {
  const child = fork(join(import.meta.dirname, "lib/attacker.ts"), { execArgv: ["--import", "tsx"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const did = new Promise<string>((resolve, reject) => {
    child.on("message", (word: Word) => {
      if ("held" in word) void onHeld(word.held).then(() => child.send({}), reject);
      else if ("did" in word) resolve(word.did);
      else reject(new Error(word.failed));
    });
    void exited.then(() => reject(new Error("the attacker ended")));
  });
  child.send(order);
  try {
    return await did;
  } finally {
    await exited;
  }
}

async function ask({ url, token }: Place): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/scim/v2/Users?filter=userName%20eq%20%22nobody%22`, { headers }).catch(
    () => undefined,
  );
  await answer?.arrayBuffer().catch(() => undefined);
  return answer?.status ?? 0;
}

function memoryOf(path: "/" | "/collected"): Promise<Memory> {
  return new Promise((resolve, reject) => {
    plainRequest({ socketPath: probe, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve(JSON.parse(text) as Memory));
    })
      .once("error", reject)
      .end();
  });
}

function line(name: AttackName, rounds: readonly Round[]): string {
  const asked = rounds.flatMap((round) => round.asked).toSorted((one, two) => one - two);
  const at = (share: number): string => (asked[Math.floor((asked.length - 1) * share)] ?? NaN).toFixed(1);
  const each = (value: (round: Round) => string): string => rounds.map(value).join(", ");
  const perConnection = rounds.flatMap((round) => round.perConnectionKib ?? []);
  const cells = [
    ATTACKS[name].says,
    rounds.at(-1)?.did ?? "",
    each((round) => round.peakMib.toFixed(0)),
    each((round) => round.afterMib.toFixed(0)),
    each((round) => mib(round.live.heapUsed + round.live.external, 1)),
    perConnection.length === 0 ? "" : Math.max(...perConnection).toFixed(1),
    `${asked.length}, ${rounds.reduce((sum, round) => sum + round.failed, 0)} not`,
    `${at(0.5)} / ${at(0.95)}`,
  ];
  console.error(cells.join(" | "));
  return `| ${cells.join(" | ")} |\n`;
}

function mib(bytes: number, digits = 0): string {
  return (bytes / MIB).toFixed(digits);
}
