/**
 * What the clients did, as the literature on linearizability tells it: an operation begins with its invocation and
 * ends with its response. One that never got an answer has no response: it took effect once, at any time, or never.
 *
 * An operation is what a client wants, not an HTTP request: the same request sent again after a 503, a timeout or a
 * cut connection belongs to the same operation, which may take effect once.
 */

/** A user's or group's attributes as the clients set them, and for a group its members, sorted. */
export interface Content {
  readonly fields: Readonly<Record<string, string | boolean>>;
  readonly members?: readonly string[];
}

export type Input =
  | { readonly kind: "create"; readonly content: Content }
  | { readonly kind: "replace"; readonly id: string; readonly content: Content; readonly ifMatch?: number }
  | { readonly kind: "patch"; readonly id: string; readonly change: Change; readonly ifMatch?: number }
  | { readonly kind: "delete"; readonly id: string; readonly ifMatch?: number }
  | { readonly kind: "read"; readonly id: string };

export interface Change {
  readonly fields?: Readonly<Record<string, string | boolean>>;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** What the client was told; a part that the answer does not have is undefined. */
export interface Output {
  readonly status: number;
  readonly id?: string;
  readonly version?: number;
  readonly content?: Content;
}

export interface Operation {
  /** Number in the history, in the order of invocation. */
  readonly index: number;
  readonly client: string;
  /** The object it is about: one userName, or one group. Histories of different objects are independent. */
  readonly object: string;
  readonly input: Input;
  readonly invokedAt: number;
  /** Undefined while, or because, no definitive answer came. */
  readonly returnedAt?: number;
  readonly output?: Output;
  /**
   * The answer may have been worked out after the write: it was sent again, or its outcome was taken from the
   * ledger, and then the resource is shown as it is by then.
   */
  readonly isLate: boolean;
  /** Its connection ended soon after its answer had been read: the service cannot know. */
  readonly isEndedAfter?: boolean;
  /** The other of two identical requests sent at once: one write may serve both. */
  readonly twin?: number;
  /** HTTP statuses and losses of its attempts, for people. */
  readonly attempts: readonly string[];
}

type Ended = Pick<Operation, "output" | "isLate" | "attempts">;

/** Collects operations as they happen. Times are of one process's monotonic clock. */
export class History {
  readonly #operations: Operation[] = [];

  invoke(begun: Pick<Operation, "client" | "object" | "input">): number {
    const index = this.#operations.length;
    this.#operations.push({
      ...begun,
      index,
      invokedAt: performance.now(),
      isLate: true,
      attempts: [],
    });
    return index;
  }

  /** Says that two operations are the same request, sent at once. */
  pair(one: number, other: number): void {
    this.#change(one, { twin: other });
    this.#change(other, { twin: one });
  }

  respond(index: number, ended: Ended): void {
    this.#change(index, { ...ended, returnedAt: performance.now() });
  }

  /** The connection ended under the answer, which was read all the same. */
  endedAfter(index: number): void {
    this.#change(index, { isEndedAfter: true });
  }

  /** The operation is given up: what it did is not known. */
  giveUp(index: number, attempts: readonly string[]): void {
    this.#change(index, { attempts });
  }

  byObject(): ReadonlyMap<string, readonly Operation[]> {
    const objects = new Map<string, Operation[]>();
    for (const operation of this.#operations) {
      const known = objects.get(operation.object);
      if (known) known.push(operation);
      else objects.set(operation.object, [operation]);
    }
    return objects;
  }

  operations(): readonly Operation[] {
    return this.#operations;
  }

  #change(index: number, change: Partial<Operation>): void {
    const known = this.#operations[index];
    if (!known) throw new RangeError(`no operation ${index}`);
    this.#operations[index] = { ...known, ...change };
  }
}
