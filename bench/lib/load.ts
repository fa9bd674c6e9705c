/**
 * A closed loop of keep-alive connections over bare sockets: each sends its next request once it has its answer. A full
 * HTTP client would take more of the machine than the server it measures.
 */
import { connect, type Socket } from "node:net";

export interface LoadSettings {
  /** Origin. */
  readonly url: string;
  readonly path: string;
  readonly key: string;
  /** Of the next request. */
  readonly body: () => string;
  readonly connections: number;
  readonly seconds: number;
}

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 200. */
  readonly errors: number;
}

export async function runLoad(settings: LoadSettings): Promise<Load> {
  const until = performance.now() + settings.seconds * 1000;
  const startedAt = performance.now();
  const ends = await Promise.all(
    Array.from({ length: settings.connections }, () => runConnection(settings, until)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const timesMs = ends.flatMap(({ times }) => times).sort((a, b) => a - b);
  const at = (share: number): number => timesMs[Math.floor((timesMs.length - 1) * share)] ?? Number.NaN;
  return {
    perSecond: timesMs.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errors: ends.reduce((sum, { errors }) => sum + errors, 0),
  };
}

function runConnection(
  settings: LoadSettings,
  until: number,
): Promise<{ readonly times: readonly number[]; readonly errors: number }> {
  const { hostname, port } = new URL(settings.url);
  const head = `POST ${settings.path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${settings.key}\r\nContent-Type: application/json\r\nContent-Length: `;
  const times: number[] = [];
  let errors = 0;
  let sentAt = 0;
  let pending = "";
  const send = (socket: Socket): void => {
    const body = settings.body();
    sentAt = performance.now();
    socket.write(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => send(socket));
    socket.setNoDelay(true).setEncoding("latin1").once("error", reject);
    socket.on("data", (text: string) => {
      pending += text;
      const end = pending.indexOf("\r\n\r\n");
      if (end === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(pending)?.[1]);
      if (pending.length < end + 4 + length) return;
      times.push(performance.now() - sentAt);
      if (!pending.startsWith("HTTP/1.1 200")) errors += 1;
      pending = "";
      if (performance.now() < until) {
        send(socket);
        return;
      }
      socket.destroy();
      resolve({ times, errors });
    });
  });
}
