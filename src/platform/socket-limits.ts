/** How many connections one address may hold, so that nobody takes all there are. A trusted proxy's are its clients'. */
import type { Server, Socket } from "node:net";
import { type AddressRanges, plainAddress } from "./address-ranges.ts";
import { limited } from "./limited.ts";
import type { Logger } from "./logger.ts";

export interface SocketLimits {
  /** CONNECTIONS_MAX. */
  readonly all: number;
  /** CONNECTIONS_PER_ADDRESS_MAX. */
  readonly perAddress: number;
}

export function limitSockets(
  server: Server,
  limits: SocketLimits,
  { trustedProxies, logger }: { readonly trustedProxies: AddressRanges; readonly logger: Logger },
): void {
  const held = new Map<string, number>();
  const tell = limited((err: Error) => logger.warn({ reason: err.message }, "connections are turned away"));
  server.maxConnections = limits.all;
  server.on("drop", () => tell(new Error("CONNECTIONS_MAX")));
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    if (trustedProxies.has(address)) return;
    const count = (held.get(address) ?? 0) + 1;
    if (count > limits.perAddress) {
      tell(new Error("CONNECTIONS_PER_ADDRESS_MAX"));
      socket.destroy();
      return;
    }
    held.set(address, count);
    socket.once("close", () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
    });
  });
}
