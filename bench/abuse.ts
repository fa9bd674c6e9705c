/**
 * What does the api hold when the open internet does its worst? Slow headers, idle connections, gigabytes, header bombs
 * and a storm of wrong tokens, one after the other, from many addresses of loopback, while a customer goes on asking.
 *
 *   npm run bench:abuse -- [--seconds 10] [--queue redis] [--append] [words of what is sent, such as idle]
 *
 * Memory is the resident one of the api's process, looked at four times a second. Client and service share the machine's
 * cores: what the customer waits for is the processor as well.
 */
import { appendFileSync, readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { residentMib } from "./lib/cpu.ts";
import { commit, machine } from "./lib/machine.ts";
import { openStand, type QueueKind } from "./lib/stand.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "10" },
    queue: { type: "string", default: "redis" },
    append: { type: "boolean", default: false },
  },
});
const forMs = Number(values.seconds) * 1_000;
const GIB = 1_073_741_824;
const LOOK_EVERY_MS = 250;
const ASK_EVERY_MS = 20;

interface Place {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

interface Seen {
  readonly name: string;
  readonly did: string;
  readonly peakMib: number;
  readonly afterMib: number;
  readonly asked: readonly number[];
  readonly failed: number;
}

const stand = await openStand(values.queue as QueueKind, ["api,worker,dashboard"]);
try {
  const { hostname: host, port } = new URL(stand.service.target.url);
  const place: Place = { host, port: Number(port), token: stand.service.target.token };
  const rows: Seen[] = [];
  const wanted = Object.entries(ATTACKS()).filter(
    ([name]) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  );
  for (const [name, attack] of wanted) rows.push(await watch(name, place, attack));
  const text = `\n${new Date().toISOString().slice(0, 10)}, ${commit()}, ${machine()}:\n\n${table(rows)}`;
  console.log(text);
  if (values.append) appendFileSync(join(import.meta.dirname, "README.md"), text);
} finally {
  await stand.stop();
}

type Attack = (place: Place) => Promise<string>;

function ATTACKS(): Readonly<Record<string, Attack>> {
  return {
    "nothing, for comparison": async () => {
      await sleep(forMs);
      return "–";
    },
    "2,000 connections that send a byte of a header each second": slowHeaders,
    "12,000 connections that ask once and are kept idle, from 12 addresses": idleConnections,
    "8 bodies of a gigabyte, said and unsaid": gigabytes,
    "headers of 1 MiB, 64 at once": headerBombs,
    "wrong tokens from one address, 64 at once": wrongTokens,
  };
}

/** Asks on as a customer does, and looks at the memory, for as long as the attack takes. */
async function watch(name: string, place: Place, attack: Attack): Promise<Seen> {
  const pid = stand.processes[0]?.child.pid ?? 0;
  const asked: number[] = [];
  let [peakMib, failed, isOver] = [residentMib(pid), 0, false];
  const looking = setInterval(() => (peakMib = Math.max(peakMib, residentMib(pid))), LOOK_EVERY_MS);
  const customer = (async (): Promise<void> => {
    while (!isOver) {
      const startedAt = performance.now();
      const status = await ask(place);
      if (status === 200) asked.push(performance.now() - startedAt);
      else failed += 1;
      await sleep(ASK_EVERY_MS);
    }
  })();
  const did = await attack(place);
  isOver = true;
  await customer;
  await sleep(2_000);
  clearInterval(looking);
  return { name, did, peakMib, afterMib: residentMib(pid), asked, failed };
}

async function ask({ host, port, token }: Place): Promise<number> {
  const url = `http://${host}:${port}/scim/v2/Users?filter=userName%20eq%20%22nobody%22`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => undefined);
  return answer?.status ?? 0;
}

/** From one of the addresses of loopback, since each may have a thousand. */
function open({ host, port }: Place, address: number): Socket {
  const socket = connect({ host, port, localAddress: `127.0.1.${address}` });
  socket.on("error", () => undefined);
  return socket;
}

async function slowHeaders(place: Place): Promise<string> {
  let cut = 0;
  const sockets = Array.from({ length: 2_000 }, (_, index) => {
    const socket = open(place, 1 + (index % 4));
    socket.once("connect", () => socket.write("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Slow: "));
    socket.once("close", () => (cut += 1)).resume();
    return socket;
  });
  const dripping = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("a");
  }, 1_000);
  // Headers have 15 s, which is looked at every 5 s.
  await sleep(Math.max(forMs, 25_000));
  const inTime = cut;
  clearInterval(dripping);
  for (const socket of sockets) socket.destroy();
  return `${inTime} of 2,000 cut within 25 s`;
}

/** Each asks once, and is kept alive then: one that never asks anything is cut like slow headers. */
async function idleConnections(place: Place): Promise<string> {
  const sockets: Socket[] = [];
  let [answered, turnedAway] = [0, 0];
  await Promise.all(
    Array.from({ length: 48 }, async (_, lane) => {
      for (let index = lane; index < 12_000; index += 48) {
        const socket = open(place, 10 + (index % 12));
        sockets.push(socket);
        socket.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
        const isAnswered = await new Promise<boolean>((resolve) => {
          socket.once("data", () => resolve(true)).once("close", () => resolve(false));
        });
        if (isAnswered) answered += 1;
        else turnedAway += 1;
      }
    }),
  );
  await sleep(forMs);
  const held = descriptors(stand.processes[0]?.child.pid ?? 0);
  for (const socket of sockets) socket.destroy();
  return `12,000 tried: ${answered} answered and kept, ${turnedAway} closed at once; ${held} descriptors open in the process`;
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function gigabytes(place: Place): Promise<string> {
  const chunk = Buffer.alloc(262_144, "a");
  const send = (address: number, header: string): Promise<{ sent: number; answer: string }> =>
    new Promise((resolve) => {
      const socket = open(place, address);
      let [sent, answer] = [0, ""];
      const frame = header.startsWith("Transfer") ? `${chunk.length.toString(16)}\r\n` : "";
      const go = (): void => {
        while (socket.writable && sent < GIB) {
          sent += chunk.length;
          if (frame !== "") socket.write(frame);
          const more = socket.write(chunk);
          if (frame !== "") socket.write("\r\n");
          if (!more) return void socket.once("drain", go);
        }
      };
      socket.on("data", (bytes) => (answer += bytes.toString("latin1")));
      socket.once("close", () => resolve({ sent, answer }));
      socket.once("connect", () => {
        socket.write(
          `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${place.token}\r\nContent-Type: application/scim+json\r\n${header}\r\n\r\n`,
        );
        go();
      });
    });
  const ends = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      send(30 + index, index % 2 === 0 ? `Content-Length: ${GIB}` : "Transfer-Encoding: chunked"),
    ),
  );
  const sentMib = Math.round(Math.max(...ends.map(({ sent }) => sent)) / 1_048_576);
  const refused = ends.filter(({ answer }) => answer.includes(" 413 ")).length;
  return `${refused} of 8 answered 413, after ${sentMib} MiB at most`;
}

async function headerBombs(place: Place): Promise<string> {
  const bomb = `GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Bomb: ${"a".repeat(1_048_576)}\r\n\r\n`;
  let [refused, cut] = [0, 0];
  await repeatedly(64, async (lane) => {
    const answer = await exchange(open(place, 50 + (lane % 8)), bomb);
    if (answer.includes(" 431 ")) refused += 1;
    else cut += 1;
  });
  return `${refused} answered 431, ${cut} cut`;
}

async function wrongTokens(place: Place): Promise<string> {
  const counts = new Map<number, number>();
  await repeatedly(64, async (lane) => {
    const status = await ask({ ...place, token: `rc_${String(lane).padEnd(43, "x")}` });
    counts.set(status, (counts.get(status) ?? 0) + 1);
  });
  return [...counts].map(([status, times]) => `${times} × ${status}`).join(", ");
}

async function repeatedly(lanes: number, once: (lane: number) => Promise<void>): Promise<void> {
  const until = performance.now() + forMs;
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (performance.now() < until) await once(lane);
    }),
  );
}

function exchange(socket: Socket, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.once("close", () => resolve(answer));
    socket.once("connect", () => socket.write(bytes));
  });
}

function table(rows: readonly Seen[]): string {
  const line = ({ name, did, peakMib, afterMib, asked, failed }: Seen): string => {
    const sorted = [...asked].sort((x, y) => x - y);
    const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
    return `| ${name} | ${did} | ${peakMib.toFixed(0)} / ${afterMib.toFixed(0)} | ${asked.length}, ${failed} not | ${at(0.5)} / ${at(0.95)} |\n`;
  };
  const head =
    "| what is sent | what becomes of it | MiB at most / 2 s after | the customer: served | p50 / p95 ms |\n| - | - | - | - | - |\n";
  return head + rows.map(line).join("");
}
