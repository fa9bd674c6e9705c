/**
 * One keep-alive HTTP/1.1 connection that sends one request at a time. A load generator shares its cores with what
 * it measures, so it does what is needed to know that an answer has arrived whole, and nothing else.
 */
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Target {
  /** Origin and base path, such as http://127.0.0.1:8080/scim/v2. */
  readonly url: string;
  readonly token: string;
}

const HEAD_END = "\r\n\r\n";
const NO_BODY = new Set([204, 304]);

export class Connection {
  readonly #socket: Socket;
  readonly #head: string;
  readonly #base: string;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Bytes of the whole answer, once its head has told them. */
  #wanted: number | undefined;
  #headBytes = 0;
  #status = 0;
  #settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket, { url, token }: Target) {
    const { host, pathname } = new URL(url);
    this.#socket = socket;
    this.#base = pathname;
    this.#head = `host: ${host}\r\nauthorization: Bearer ${token}\r\n`;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#settle?.reject(error));
    socket.on("close", () => this.#settle?.reject(new Error("the server closed the connection")));
  }

  static async open(target: Target): Promise<Connection> {
    const { hostname, port } = new URL(target.url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Connection(socket, target);
  }

  /** @param path - below the target's base path; @param body - JSON text */
  send(method: string, path: string, body?: string): Promise<Answer> {
    const sized =
      body === undefined
        ? ""
        : `content-type: application/scim+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(`${method} ${this.#base}${path} HTTP/1.1\r\n${this.#head}${sized}\r\n${body ?? ""}`);
    });
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#wanted === undefined) this.#readHead();
    if (this.#wanted === undefined || this.#receivedBytes < this.#wanted) return;
    const whole = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    const answer = { status: this.#status, body: whole.toString("utf8", this.#headBytes, this.#wanted) };
    this.#received = [];
    this.#receivedBytes = 0;
    this.#wanted = undefined;
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve(answer);
  }

  #readHead(): void {
    const bytes = this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received);
    const end = bytes?.indexOf(HEAD_END) ?? -1;
    if (!bytes || end === -1) return;
    const head = bytes.toString("latin1", 0, end);
    this.#status = Number(head.slice(9, 12));
    this.#headBytes = end + HEAD_END.length;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined && !NO_BODY.has(this.#status)) {
      this.#settle?.reject(new Error(`an answer without Content-Length: ${head}`));
      return;
    }
    this.#wanted = this.#headBytes + Number(length ?? 0);
  }
}
