/**
 * Whether an answer was received. Once its bytes have left this process nobody says so, but TCP tells some of it: the
 * next request on the connection means that it was read, a reset that it may never have been. An end in good order says
 * little: a client that hangs up in the moment in which its answer leaves ends its connection just so, and asks again.
 */
import type { Socket } from "node:net";

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

  /** A request has come: what was sent on its connection before it has been read. */
  requested(socket: Socket): void {
    this.#doubts.get(socket)?.end("read");
  }

  /** Called when the whole answer has left. */
  fateOf(socket: Socket): Promise<Fate> {
    if (socket.destroyed) return Promise.resolve(socket.errored === null ? "ended" : "reset");
    const doubt = this.#doubts.get(socket) ?? this.#begin(socket);
    return doubt.fate;
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
