/**
 * A TCP proxy on the loopback that stands in front of a store or an api, so that the network can fail: connections
 * cut at any moment, cut in the middle of an answer, slow, silent, or refused. The target may change its port.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface Proxy {
  readonly port: number;
  /** Where connections lead from now on. */
  aim(port: number): void;
  /** Cuts every connection there is. @returns how many */
  cut(): number;
  /** Of the next `count` answers the first bytes pass, then the connection is reset. */
  cutAnswers(count: number): void;
  /** Bytes wait for so long, in both directions. */
  delay(ms: number): void;
  /** Nothing passes and nothing is refused, as when a host is gone without a word. */
  silence(isSilent: boolean): void;
  close(): Promise<void>;
}

interface Conditions {
  targetPort: number;
  delayMs: number;
  isSilent: boolean;
  answersToCut: number;
}

type Link = readonly [Socket, Socket];

// Less than the head of any HTTP response: what arrives is never a whole answer.
const BYTES_OF_A_CUT_ANSWER = 20;

export async function startProxy(targetPort: number): Promise<Proxy> {
  const now: Conditions = { targetPort, delayMs: 0, isSilent: false, answersToCut: 0 };
  const links = new Set<Link>();
  const server = createServer((client) => join(client, now, links));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    aim: (port) => void (now.targetPort = port),
    cut: () => cutAll(links),
    cutAnswers: (count) => void (now.answersToCut = count),
    delay: (ms) => void (now.delayMs = ms),
    silence(isSilent) {
      now.isSilent = isSilent;
      for (const [client, target] of links) {
        for (const socket of [client, target])
          if (isSilent) socket.pause();
          else socket.resume();
      }
    },
    close: () => close(server, links),
  };
}

function join(client: Socket, now: Conditions, links: Set<Link>): void {
  const target = connect(now.targetPort, "127.0.0.1");
  const link: Link = [client, target];
  links.add(link);
  for (const socket of link) {
    socket.setNoDelay(true);
    if (now.isSilent) socket.pause();
    socket.on("error", () => undefined); // "close" follows.
    // A reset travels on as a reset.
    socket.once("close", (hadError) => {
      links.delete(link);
      for (const other of link) {
        if (hadError) other.resetAndDestroy();
        else other.destroy();
      }
    });
  }
  const [there, back] = [createLane(now), createLane(now)];
  client.on("data", (bytes) => there(() => pass(bytes, client, target)));
  client.on("end", () => there(() => target.end()));
  target.on("end", () => back(() => client.end()));
  target.on("data", (bytes) => {
    if (now.answersToCut > 0) {
      now.answersToCut -= 1;
      client.write(bytes.subarray(0, BYTES_OF_A_CUT_ANSWER), () => reset(link));
    } else back(() => pass(bytes, target, client));
  });
}

/** What goes one way keeps its order, also while the delay changes, and however late timers are. */
function createLane(now: Conditions): (send: () => void) => void {
  const waiting: { readonly at: number; readonly send: () => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const sendDue = (): void => {
    timer = undefined;
    for (let [first] = waiting; first; [first] = waiting) {
      const ms = first.at - performance.now();
      if (ms > 0) {
        timer = setTimeout(sendDue, ms);
        return;
      }
      waiting.shift();
      first.send();
    }
  };
  return (send) => {
    waiting.push({ at: performance.now() + now.delayMs, send });
    if (timer === undefined) sendDue();
  };
}

function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (!to.writable) {
    // Who closed before all had arrived refuses the rest, as a host does.
    from.resetAndDestroy();
    return;
  }
  if (to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
}

function cutAll(links: ReadonlySet<Link>): number {
  const cut = [...links];
  for (const link of cut) reset(link);
  return cut.length;
}

/** A reset, as a host that died sends it, not an orderly end. */
function reset(link: Link): void {
  for (const socket of link) socket.resetAndDestroy();
}

async function close(server: Server, links: ReadonlySet<Link>): Promise<void> {
  cutAll(links);
  await new Promise((resolve) => server.close(resolve));
}
