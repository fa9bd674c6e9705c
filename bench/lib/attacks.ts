/** What the open internet may send, each from addresses of loopback of its own; every attack ends by itself. */
import { connect as connectPlain, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

/** Where it is sent. */
export interface Place {
  readonly url: string;
  /** One that may write. */
  readonly token: string;
  /** One whose connection has a rate of ten requests a second. */
  readonly limitedToken: string;
}

export type AttackName = keyof typeof ATTACKS;

/** Called while an attack has all that it holds in place. */
export type Held = (connections: number) => Promise<void>;

type Attack = (place: Place, forMs: number, held: Held) => Promise<string>;

const GIB = 1_073_741_824;
const MIB = 1_048_576;

export const ATTACKS = {
  nothing: {
    says: "nothing, for comparison",
    run: async (_place, forMs) => {
      await sleep(forMs);
      return "–";
    },
  },
  slow: { says: "2,000 connections that send a byte of a header each second", run: slowHeaders },
  idle: { says: "12,000 connections from 12 addresses, each asks once and is kept", run: idleConnections },
  gigabytes: { says: "8 bodies of a gigabyte, half of them with their length", run: gigabytes },
  unfinished: {
    says: "100 bodies of 15 MiB by one tenant, of which the last byte never comes",
    run: unfinished,
  },
  bombs: { says: "headers of 1 MiB, 64 at once", run: headerBombs },
  tokens: { says: "wrong tokens from one address, 64 at once", run: wrongTokens },
  rate: { says: "a connection far beyond its rate, 64 at once", run: beyondTheRate },
} as const satisfies Readonly<Record<string, { readonly says: string; readonly run: Attack }>>;

/** From one of the addresses of loopback, since each may have a thousand. */
function open({ url }: Place, address: number): Socket {
  const { hostname: host, port, protocol } = new URL(url);
  const options = { host, port: Number(port), localAddress: `127.0.1.${address}` };
  const socket =
    protocol === "https:" ? connectTls({ ...options, rejectUnauthorized: false }) : connectPlain(options);
  return socket.on("error", () => undefined);
}

async function slowHeaders(place: Place, forMs: number): Promise<string> {
  const sockets = new Set<Socket>();
  for (let index = 0; index < 2_000; index += 1) {
    const socket = open(place, 1 + (index % 4));
    sockets.add(socket);
    socket.write("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    socket.once("close", () => sockets.delete(socket)).resume();
  }
  const dripping = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("a");
  }, 1_000);
  // Headers have 15 s, which is looked at every 5 s.
  await sleep(Math.max(forMs, 25_000));
  clearInterval(dripping);
  const left = sockets.size;
  for (const socket of sockets) socket.destroy();
  return `${2_000 - left} of 2,000 cut within 25 s`;
}

/** Each asks once, and is kept alive then: one that never asks anything is cut like slow headers. */
async function idleConnections(place: Place, forMs: number, held: Held): Promise<string> {
  const kept = new Set<Socket>();
  let turnedAway = 0;
  await inLanes(48, async (lane) => {
    for (let index = lane; index < 12_000; index += 48) {
      const socket = open(place, 10 + (index % 12));
      socket.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
      const isAnswered = await new Promise<boolean>((resolve) => {
        socket.once("data", () => resolve(true)).once("close", () => resolve(false));
      });
      if (isAnswered) kept.add(socket.once("close", () => kept.delete(socket)));
      else turnedAway += 1;
    }
  });
  const answered = kept.size;
  await sleep(forMs / 2);
  await held(kept.size);
  await sleep(forMs / 2);
  for (const socket of kept) socket.destroy();
  return `${answered} kept, ${turnedAway} closed at once`;
}

async function gigabytes(place: Place): Promise<string> {
  const ends = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      sendGigabyte(
        place,
        30 + index,
        index % 2 === 0 ? `Content-Length: ${GIB}` : "Transfer-Encoding: chunked",
      ),
    ),
  );
  const refused = ends.filter(({ answer }) => answer.includes(" 413 ")).length;
  const sentMib = Math.round(Math.max(...ends.map(({ sent }) => sent)) / MIB);
  return `${refused} of 8 answered 413, after ${sentMib} MiB of each at most`;
}

/** By who has a token: no body is too large, and each goes on for as long as a request may take. */
async function unfinished(place: Place, forMs: number, held: Held): Promise<string> {
  const body = Buffer.alloc(15 * MIB, " ");
  const answers: string[] = [];
  const sockets = Array.from({ length: 100 }, (_, index) => {
    const socket = open(place, 40 + (index % 8));
    socket.once("data", (bytes) => answers.push(bytes.toString("latin1", 9, 12)));
    socket.write(headOfPost(place, `Content-Length: ${body.length + 1}`));
    socket.write(body);
    return socket;
  });
  await sleep(forMs);
  await held(sockets.length);
  for (const socket of sockets) socket.destroy();
  return `${answers.length} answered ${[...new Set(answers)].join(", ")}, ${sockets.length - answers.length} held`;
}

function headOfPost({ token }: Place, header: string): string {
  return `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/scim+json\r\n${header}\r\n\r\n`;
}

interface End {
  readonly sent: number;
  readonly answer: string;
}

/** Sends on, whatever is answered, until it is cut. */
function sendGigabyte(place: Place, address: number, header: string): Promise<End> {
  const chunk = Buffer.alloc(262_144, "a");
  const size = `${chunk.length.toString(16)}\r\n`;
  const frame = header.startsWith("Transfer") ? Buffer.from(`${size}${chunk.toString("latin1")}\r\n`) : chunk;
  return new Promise((resolve) => {
    const socket = open(place, address);
    let [sent, answer] = [0, ""];
    const go = (): void => {
      while (socket.writable && sent < GIB) {
        sent += frame.length;
        if (!socket.write(frame)) return void socket.once("drain", go);
      }
    };
    socket.on("data", (bytes) => (answer += bytes.toString("latin1")));
    socket.once("close", () => resolve({ sent, answer }));
    socket.write(headOfPost(place, header));
    go();
  });
}

async function headerBombs(place: Place, forMs: number): Promise<string> {
  const bomb = `GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Bomb: ${"a".repeat(MIB)}\r\n\r\n`;
  let [refused, cut] = [0, 0];
  await inLanes(64, async (lane) => {
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      const answer = await exchange(open(place, 50 + (lane % 8)), bomb);
      if (answer.includes(" 431 ")) refused += 1;
      else cut += 1;
    }
  });
  return `${refused} answered 431, ${cut} cut`;
}

function wrongTokens(place: Place, forMs: number): Promise<string> {
  return storm(place, forMs, (lane) => `rc_${String(lane).padEnd(43, "x")}`);
}

function beyondTheRate(place: Place, forMs: number): Promise<string> {
  return storm(place, forMs, () => place.limitedToken);
}

/** On 64 connections that are kept, as who means it would. */
async function storm(place: Place, forMs: number, token: (lane: number) => string): Promise<string> {
  const counts = new Map<string, number>();
  await inLanes(64, async (lane) => {
    const until = performance.now() + forMs;
    let socket = open(place, 70);
    while (performance.now() < until) {
      const status = await askOn(socket, token(lane));
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (socket.destroyed) socket = open(place, 70);
    }
    socket.destroy();
  });
  return [...counts].map(([status, times]) => `${times} × ${status}`).join(", ");
}

/** Answers are short and arrive at once. @returns the status, or "cut" */
function askOn(socket: Socket, token: string): Promise<string> {
  return new Promise((resolve) => {
    const settle = (status: string): void => {
      socket.removeAllListeners("data").removeAllListeners("close");
      resolve(status);
    };
    socket
      .once("data", (bytes) => settle(bytes.toString("latin1", 9, 12)))
      .once("close", () => settle("cut"));
    socket.write(`GET /scim/v2/Users?count=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  });
}

function exchange(socket: Socket, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.once("close", () => resolve(answer));
    socket.write(bytes);
  });
}

async function inLanes(lanes: number, work: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
}
