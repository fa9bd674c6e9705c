/**
 * A product's receiver of webhooks, as a process that is killed and started: verifies every message as the official library
 * does, and writes down what it took, a line each, before it says so. What it answered is on file whenever it dies.
 *
 *   node --import tsx bench/lib/receiver-process.ts PORT FILE, with WEBHOOK_SECRET in its environment
 */
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** One line of its file. */
export interface Taken {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The header webhook-id. */
  readonly id: string;
  /** Of the message; the same as the header's, or something is wrong. */
  readonly messageId: string;
  readonly resource: string;
  /** Why it was refused; such a line has nothing else to say. */
  readonly refused?: string;
}

interface Message {
  readonly id: string;
  readonly subject: { readonly id: string };
}

const [port = "0", file = "", secret = process.env["WEBHOOK_SECRET"] ?? ""] = process.argv.slice(2);
const webhook = new Webhook(secret);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const line = read(Buffer.concat(chunks).toString("utf8"), request.headers as Record<string, string>);
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    response.writeHead(line.refused === undefined ? 204 : 400).end();
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
});

function read(body: string, headers: Readonly<Record<string, string>>): Taken {
  const at = Date.now();
  const id = headers["webhook-id"] ?? "";
  try {
    const { id: messageId, subject } = webhook.verify(body, headers) as Message;
    return { at, id, messageId, resource: subject.id };
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error);
    return { at, id, messageId: "", resource: "", refused };
  }
}
