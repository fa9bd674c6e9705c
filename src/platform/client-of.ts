/**
 * Who is at the other end of a request: by its connection, or, where that comes from a proxy that is trusted, by what
 * the proxy says. Nobody else's X-Forwarded headers are believed, since anybody can send them.
 */
import type { IncomingMessage } from "node:http";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type AddressRanges, addressRanges, NO_ADDRESSES, plainAddress } from "./address-ranges.ts";

export interface ClientPolicy {
  /** TRUST_PROXY. */
  readonly trustedProxies: AddressRanges;
  /** HTTP_ALLOWED. */
  readonly isPlainAllowed: boolean;
}

export interface RequestClient {
  /** Null where the connection is gone already. */
  readonly address: string | null;
  /** It came over TLS, to us or to a proxy that is trusted. */
  readonly isSecure: boolean;
  /** It came over plain HTTP, from elsewhere, and nobody said that this is right. */
  readonly isRefused: boolean;
}

interface Peer extends RequestClient {
  readonly policy: ClientPolicy;
  readonly isProxy: boolean;
}

export const LENIENT: ClientPolicy = { trustedProxies: NO_ADDRESSES, isPlainAllowed: true };

const LOOPBACK = addressRanges(["127.0.0.0/8", "::1"]);
const PEER = Symbol("peer");

interface WithPeer {
  [PEER]?: Peer;
}

/** To be called once a connection is there, so that its requests need not ask again. */
export function meet(socket: Socket, policy: ClientPolicy): void {
  (socket as WithPeer)[PEER] = peerOf(socket, policy);
}

/** Costs nothing for a connection that is no proxy's. */
export function clientOf({ socket, headers }: Pick<IncomingMessage, "socket" | "headers">): RequestClient {
  const peer = (socket as WithPeer)[PEER] ?? peerOf(socket, LENIENT);
  return peer.isProxy ? behind(peer, headers) : peer;
}

function peerOf(socket: Socket, policy: ClientPolicy): Peer {
  const { remoteAddress } = socket;
  const address = remoteAddress === undefined ? null : plainAddress(remoteAddress);
  const isSecure = socket instanceof TLSSocket;
  const isNear = address !== null && LOOPBACK.has(address);
  return {
    address,
    policy,
    isSecure,
    isProxy: address !== null && policy.trustedProxies.has(address),
    isRefused: !isSecure && !isNear && !policy.isPlainAllowed,
  };
}

/** A proxy that says nothing of the scheme is taken to end TLS: that is what it is trusted for. */
function behind({ address, policy }: Peer, headers: IncomingMessage["headers"]): RequestClient {
  const scheme = textOf(headers["x-forwarded-proto"])?.split(",", 1)[0]?.trim().toLowerCase();
  const isSecure = scheme === undefined || scheme === "https";
  return {
    address: firstForeign(address, headers["x-forwarded-for"], policy.trustedProxies),
    isSecure,
    isRefused: !isSecure && !policy.isPlainAllowed,
  };
}

/** From the nearest on: the first address that is no proxy of ours; what stands before it, anybody may have written. */
function firstForeign(
  nearest: string | null,
  header: string | string[] | undefined,
  proxies: AddressRanges,
): string | null {
  let known = nearest;
  for (const hop of (textOf(header) ?? "").split(",").reverse()) {
    const address = plainAddress(withoutPort(hop.trim()));
    if (isIP(address) === 0) return known;
    known = address;
    if (!proxies.has(address)) return known;
  }
  return known;
}

/** Some proxies write the port too: `192.0.2.1:5061`, `[2001:db8::1]:5061`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(",") : header;
}
