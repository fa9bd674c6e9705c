/**
 * A worker takes more jobs off the queue than it applies at once, so its writes wait mostly in its own hands. What waits
 * there longest is told by the part that applies, and asked by the one that exposes metrics.
 */
export class OldestWaiting {
  #requestedAt: () => number | undefined = () => undefined;

  /** @param requestedAt - of the write that has waited longest, in milliseconds since the epoch; undefined while none waits */
  follow(requestedAt: () => number | undefined): void {
    this.#requestedAt = requestedAt;
  }

  requestedAt(): number | undefined {
    return this.#requestedAt();
  }
}
