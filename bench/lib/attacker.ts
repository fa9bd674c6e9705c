/** A process of its own for attacks, so that a customer's times are not those of a busy attacker. */
import { type AttackName, ATTACKS, type Place } from "./attacks.ts";

export interface Order {
  readonly name: AttackName;
  readonly place: Place;
  readonly forMs: number;
}

/** `held` waits for any message before the attack goes on. */
export type Word = { readonly held: number } | { readonly did: string } | { readonly failed: string };

process.once("message", (order: Order) => {
  void ATTACKS[order.name]
    .run(order.place, order.forMs, async (held) => {
      say({ held });
      await new Promise((resolve) => process.once("message", resolve));
    })
    .then(
      (did) => say({ did }),
      (error: unknown) => say({ failed: String(error) }),
    )
    .finally(() => process.disconnect());
});

function say(word: Word): void {
  process.send?.(word);
}
