/**
 * Which addresses are of the public internet. Whoever may name a receiver must not reach our own network through us
 * (server-side request forgery), so the check is made on the address that a connection goes to: a name that resolves
 * to another address the second time gains nothing.
 */
import { lookup as dnsLookup, type LookupOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

// IANA's special-purpose registries (RFC 6890 and later).
const SPECIAL_IPV4 = new BlockList();
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
])
  addRange(SPECIAL_IPV4, range, "ipv4");

// All of IPv6 that is not global unicast is special: loopback, mapped, translated, link-local, unique local, multicast.
const GLOBAL_IPV6 = new BlockList();
addRange(GLOBAL_IPV6, "2000::/3", "ipv6");
const SPECIAL_IPV6 = new BlockList();
for (const range of ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"])
  addRange(SPECIAL_IPV6, range, "ipv6");

function addRange(list: BlockList, range: string, family: "ipv4" | "ipv6"): void {
  const [network = "", bits = ""] = range.split("/");
  list.addSubnet(network, Number(bits), family);
}

export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !SPECIAL_IPV4.check(address, "ipv4");
    case 6:
      return GLOBAL_IPV6.check(address, "ipv6") && !SPECIAL_IPV6.check(address, "ipv6");
    default:
      return false;
  }
}

/** The receiver is where nothing may be sent. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";
}

/** A name look-up for sockets that gives public addresses and no others. A literal address is never looked up. */
export const lookupPublic: LookupFunction = (hostname, options: LookupOptions, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, []);
      return;
    }
    const forbidden = addresses.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses;
    if (forbidden !== undefined || first === undefined) callback(forbiddenAddress(hostname), []);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** @throws {ForbiddenAddressError} for a literal address that is not public */
export function assertPublicLiteral(url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw forbiddenAddress(host);
}

function forbiddenAddress(host: string): ForbiddenAddressError {
  return new ForbiddenAddressError(
    `${host} is, or resolves to, an address that is not of the public internet`,
  );
}
