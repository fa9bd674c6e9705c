/** A bug is an exception with a name: what must be true was not. */

export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @throws {InvariantError} when the condition does not hold: a fault of ours, never of a client */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
