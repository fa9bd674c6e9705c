/**
 * Requests without a valid token, by the address they come from. Who has sent too many of them gets 429 in place of
 * 401; a valid token is never held back by it, because Azure's tenants share addresses.
 */
import type { IncomingMessage } from "node:http";
import { isIPv6 } from "node:net";
import { clientOf } from "../platform/client-of.ts";
import { type Draw, TokenBuckets } from "../platform/token-bucket.ts";

export class AuthFailures {
  readonly #buckets = new TokenBuckets();
  readonly #perMinute: number;

  /** @param perMinute - AUTH_FAILURES_PER_MINUTE */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Notes one. */
  note(request: IncomingMessage): Draw {
    const flow = { capacity: this.#perMinute, perSecond: this.#perMinute / 60 };
    return this.#buckets.draw(networkOf(clientOf(request).address ?? ""), flow);
  }
}

/** Of IPv6 the network: whoever has one address there has them all. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - last.length)).fill("0");
  return [...groups, ...zeros, ...last].slice(0, 4).join(":");
}
