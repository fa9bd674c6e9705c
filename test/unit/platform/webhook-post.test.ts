/** What may be sent to: public addresses over TLS, whatever way an address is written. */
import { lookup } from "node:dns";
import { expect, test } from "vitest";
import { isPublicAddress, lookupPublic } from "../../../src/platform/public-address.ts";
import { checkedUrl, createWebhookPoster } from "../../../src/platform/webhook-post.ts";

const STRICT = { isHttpAllowed: false, isPrivateAllowed: false };

test.each([
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.8",
  "192.0.2.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.7",
  "203.0.113.9",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "100::1",
  "2001:db8::1",
  "2001::1",
  "2002:7f00:1::",
  "3fff::1",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "localhost",
  "",
])("%s is not of the public internet", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"])(
  "%s is of the public internet",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each([
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://127.1/",
  "https://[::1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://169.254.169.254/latest/meta-data",
  "http://example.com/",
  "https://user:password@example.com/",
  "ftp://example.com/",
  "file:///etc/passwd",
  "example.com/hook",
  "",
])("%s is refused", (url) => {
  expect(() => checkedUrl(url, STRICT)).toThrow();
});

test("https to a name or a public address is allowed, and the rest where settings say so", () => {
  expect(checkedUrl("https://example.com:8443/hook?a=1", STRICT).port).toBe("8443");
  expect(checkedUrl("https://1.1.1.1/", STRICT).hostname).toBe("1.1.1.1");
  expect(checkedUrl("http://127.0.0.1:1/", { isHttpAllowed: true, isPrivateAllowed: true }).protocol).toBe(
    "http:",
  );
});

test.each([{ all: true }, { all: false }, {}])(
  "a name that resolves to loopback is refused when it is connected to: %o",
  async (options) => {
    const resolved = await new Promise<unknown>((resolve) => {
      lookup("localhost", { all: true }, (error, addresses) => resolve(error ?? addresses));
    });
    const error = await new Promise((resolve) => lookupPublic("localhost", options, resolve));

    expect(resolved).not.toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "ForbiddenAddressError" });
  },
);

test("a post to a forbidden name fails without a connection, and says why", async () => {
  const poster = createWebhookPoster({ timeoutMs: 5_000, isHttpAllowed: true, isPrivateAllowed: false });

  const result = await poster.post("http://localhost:1/", "{}", {});
  poster.close();

  expect(result).toMatchObject({
    status: null,
    error: expect.stringContaining("not of the public internet") as string,
  });
});
