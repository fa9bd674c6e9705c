/** Who is at the other end: what a trusted proxy says is believed, what anybody else says is not. */
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { addressRanges } from "../../../src/platform/address-ranges.ts";
import { clientOf, meet } from "../../../src/platform/client-of.ts";

function ask(
  remoteAddress: string,
  headers: Record<string, string>,
  more: { proxies?: string; isPlainAllowed?: boolean } = {},
) {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
  const trustedProxies = addressRanges((more.proxies ?? "10.0.0.0/8,2001:db8::/32").split(","));
  meet(socket, { trustedProxies, isPlainAllowed: more.isPlainAllowed ?? false });
  return clientOf({ socket, headers });
}

const HTTPS = { "x-forwarded-proto": "https" };

test("nobody but a trusted proxy is believed", () => {
  const spoofed = { ...HTTPS, "x-forwarded-for": "192.0.2.9" };

  expect(ask("203.0.113.5", spoofed)).toMatchObject({
    address: "203.0.113.5",
    isSecure: false,
    isRefused: true,
  });
  expect(ask("10.1.2.3", spoofed)).toEqual({ address: "192.0.2.9", isSecure: true, isRefused: false });
  expect(ask("::ffff:10.1.2.3", spoofed)).toMatchObject({ address: "192.0.2.9" });
  expect(ask("2001:db8::7", spoofed)).toMatchObject({ address: "192.0.2.9" });
  expect(ask("127.0.0.1", spoofed)).toMatchObject({
    address: "127.0.0.1",
    isSecure: false,
    isRefused: false,
  });
});

test.each([
  [
    "what the client wrote itself stands before what proxies added",
    "6.6.6.6, 192.0.2.9, 10.9.9.9",
    "192.0.2.9",
  ],
  ["ports are left out", "[2001:db9::1]:5061", "2001:db9::1"],
  ["ports are left out of IPv4", "192.0.2.9:5061", "192.0.2.9"],
  ["an IPv4 address in IPv6's clothes", "::ffff:192.0.2.9", "192.0.2.9"],
  ["what is no address ends the way", "192.0.2.9, unknown, 10.9.9.9", "10.9.9.9"],
  ["an empty header tells nothing", "", "10.1.2.3"],
])("of X-Forwarded-For, %s", (_case, header, address) => {
  expect(ask("10.1.2.3", { ...HTTPS, "x-forwarded-for": header }).address).toBe(address);
});

test("plain HTTP is taken on loopback, behind a proxy that ends TLS, and where it is allowed", () => {
  expect(ask("::1", {}).isRefused).toBe(false);
  expect(ask("::ffff:127.0.0.1", {}).isRefused).toBe(false);
  expect(ask("192.0.2.1", {}).isRefused).toBe(true);
  expect(ask("192.0.2.1", {}, { isPlainAllowed: true }).isRefused).toBe(false);
  expect(ask("10.0.0.1", {})).toMatchObject({ isSecure: true, isRefused: false });
  expect(ask("10.0.0.1", { "x-forwarded-proto": "http" })).toMatchObject({
    isSecure: false,
    isRefused: true,
  });
  expect(ask("127.0.0.1", { "x-forwarded-proto": "http" }, { proxies: "127.0.0.1" }).isRefused).toBe(true);
});

test("ranges are of IPv4 and IPv6; what is neither is named", () => {
  const ranges = addressRanges([" 192.0.2.0/24", "2001:db8::/32", "198.51.100.7", ""]);

  for (const inside of ["192.0.2.255", "::ffff:192.0.2.1", "2001:db8:ffff::1", "198.51.100.7"])
    expect(ranges.has(inside), inside).toBe(true);
  for (const outside of ["192.0.3.0", "2001:db9::1", "198.51.100.8", "x"])
    expect(ranges.has(outside), outside).toBe(false);
  for (const wrong of [
    "10.0.0.0/33",
    "::/129",
    "localhost",
    "10.0.0/8",
    "10.0.0.1/",
    "fe80::1%eth0",
    "10.0.0.1/-1",
  ])
    expect(() => addressRanges([wrong]), wrong).toThrow(`"${wrong}"`);
});
