/**
 * Whether an answer was received. Once its bytes have left this process nobody says so, but TCP tells some of it: the
 * next request on the connection means yes, a reset means that they may never have been read. Anything else, such as
 * an orderly end, counts as yes.
 */
import type { Socket } from "node:net";

// A client that is gone is reset by then; one that is idle has long read its answer.
const DOUBT_MS = 2_000;

interface Doubt {
  readonly isReceived: Promise<boolean>;
  readonly end: (isReceived: boolean) => void;
}

export class Receipts {
  readonly #doubts = new WeakMap<Socket, Doubt>();

  /** A request has come: what was sent on its connection before it has been read. */
  requested(socket: Socket): void {
    this.#doubts.get(socket)?.end(true);
  }

  /** Called when the whole answer has left. @returns false when its connection was reset before a next request */
  received(socket: Socket): Promise<boolean> {
    if (socket.destroyed) return Promise.resolve(socket.errored === null);
    const doubt = this.#doubts.get(socket) ?? this.#begin(socket);
    return doubt.isReceived;
  }

  #begin(socket: Socket): Doubt {
    let resolve!: (isReceived: boolean) => void;
    const isReceived = new Promise<boolean>((settle) => (resolve = settle));
    const closed = (hadError: boolean): void => end(!hadError);
    const timer = setTimeout(() => end(true), DOUBT_MS);
    const end = (isRead: boolean): void => {
      clearTimeout(timer);
      socket.off("close", closed);
      this.#doubts.delete(socket);
      resolve(isRead);
    };
    socket.once("close", closed);
    const doubt = { isReceived, end };
    this.#doubts.set(socket, doubt);
    return doubt;
  }
}
