/** Ranges of addresses, IPv4 and IPv6, as operators write them: `10.0.0.0/8`, `2001:db8::/32`, or one address alone. */
import { BlockList, isIP } from "node:net";

const BITS = { 4: 32, 6: 128 } as const;
const RANGE = /^([^/]+)(?:\/(\d{1,3}))?$/;

export interface AddressRanges {
  /** As they were written, without blanks. */
  readonly texts: readonly string[];
  has(address: string): boolean;
}

export const NO_ADDRESSES: AddressRanges = { texts: [], has: () => false };

/**
 * @param texts - addresses, each with the length of its prefix behind a slash or alone
 * @throws {RangeError} naming the first that is neither
 */
export function addressRanges(texts: readonly string[]): AddressRanges {
  const trimmed = texts.map((text) => text.trim()).filter((text) => text !== "");
  if (trimmed.length === 0) return NO_ADDRESSES;
  const list = new BlockList();
  for (const text of trimmed) add(list, text);
  return {
    texts: trimmed,
    has(address) {
      const plain = plainAddress(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

/** An IPv4 address that came over an IPv6 socket, as the IPv4 address that it is; anything else as it stands. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

function add(list: BlockList, text: string): void {
  const [, address = "", length] = RANGE.exec(text) ?? [];
  const version = isIP(address);
  const bits = version === 4 || version === 6 ? BITS[version] : 0;
  const prefix = length === undefined ? bits : Number(length);
  if (bits === 0 || prefix > bits || address.includes("%"))
    throw new RangeError(
      `"${text}" is no address and no range of addresses such as 10.0.0.0/8 or 2001:db8::/32`,
    );
  list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
}
