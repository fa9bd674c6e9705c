/**
 * Whether an answer was received. Once its bytes have left this process nobody says so, but TCP tells some of it: the
 * next request on the connection means that it was read, a reset that it may never have been. An end in good order says
 * little: a client that hangs up in the moment in which its answer leaves ends its connection just so, and asks again.
 */
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

/** What became of an answer: `ended` stands for an end in good order with no request after it. */
export type Fate = "read" | "ended" | "reset";

// A client that is gone is reset by then; one that is idle has long read its answer.
const DOUBT_MS = 2_000;

interface Doubt {
  readonly fate: Promise<Fate>;
  readonly end: (fate: Fate) => void;
}

export class Receipts {
  readonly #doubts = new WeakMap<Socket, Doubt>();
  /** Connections on which an answer to these requests is in doubt. */
  readonly #sockets = new Map<string, Set<Socket>>();

  /** A request has come: what was sent on its connection before it has been read. */
  requested(socket: Socket): void {
    this.#doubts.get(socket)?.end("read");
  }

  /**
   * The same request has come on another connection: where nobody knows yet whether its answer was read on the first, it
   * was not. Resolves once whoever asked for that answer's fate has heard of it.
   */
  async repeated(requestKey: string, socket: Socket): Promise<void> {
    const others = [...(this.#sockets.get(requestKey) ?? [])].filter((other) => other !== socket);
    if (others.length === 0) return;
    for (const other of others) this.#doubts.get(other)?.end("reset");
    await setImmediate();
  }

  /** Called when the whole answer has left. */
  async fateOf(requestKey: string, socket: Socket): Promise<Fate> {
    if (socket.destroyed) return socket.errored === null ? "ended" : "reset";
    const sockets = this.#sockets.get(requestKey) ?? new Set();
    this.#sockets.set(requestKey, sockets.add(socket));
    const fate = await (this.#doubts.get(socket) ?? this.#begin(socket)).fate;
    sockets.delete(socket);
    if (sockets.size === 0 && this.#sockets.get(requestKey) === sockets) this.#sockets.delete(requestKey);
    return fate;
  }

  #begin(socket: Socket): Doubt {
    let resolve!: (fate: Fate) => void;
    const fate = new Promise<Fate>((settle) => (resolve = settle));
    const closed = (hadError: boolean): void => end(hadError ? "reset" : "ended");
    const timer = setTimeout(() => end("read"), DOUBT_MS);
    const end = (what: Fate): void => {
      clearTimeout(timer);
      socket.off("close", closed);
      this.#doubts.delete(socket);
      resolve(what);
    };
    socket.once("close", closed);
    const doubt = { fate, end };
    this.#doubts.set(socket, doubt);
    return doubt;
  }
}
