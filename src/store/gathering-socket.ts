/**
 * A connection whose writes leave together: what is written until the end of the tick goes to the system in one call.
 * Statements that travel together (docs/decisions/0016) are then one call and one packet, not one each; on a busy
 * machine such calls are a good part of what a small transaction costs.
 */
import { Socket } from "node:net";

export class GatheringSocket extends Socket {
  #isGathering = false;

  /** pg corks around the parts of each statement. */
  override cork(): void {
    super.cork();
    if (this.#isGathering) return;
    this.#isGathering = true;
    super.cork();
    // After the microtasks, in which a transaction calls its next statements, and one tick later: what looks at how
    // those fared, and then commits, still travels with them.
    process.nextTick(() =>
      process.nextTick(() => {
        this.#isGathering = false;
        this.uncork();
      }),
    );
  }
}
