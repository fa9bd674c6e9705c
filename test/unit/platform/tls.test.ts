/** The server over TLS, on real sockets: which protocols, which certificate, and a new one while connections live. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { generate, openSelfSigned } from "../../../src/embedded/self-signed.ts";
import { addressRanges } from "../../../src/platform/address-ranges.ts";
import { createHttpServer, type HttpServer } from "../../../src/platform/http-server.ts";
import { createLogger } from "../../../src/platform/logger.ts";

interface Pem {
  readonly cert: string;
  readonly key: string;
}

const folder = mkdtempSync(join(tmpdir(), "rollcall-tls-"));
const logged: string[] = [];
const logger = createLogger({ service: "test", level: "warn" }, { write: (line) => void logged.push(line) });
const WAIT = { timeout: 15_000, interval: 25 };
const pair = (name: string) => ({
  certFile: join(folder, `${name}.pem`),
  keyFile: join(folder, `${name}.key`),
});
const put = (name: string, { cert, key }: Pem): void => {
  writeFileSync(pair(name).certFile, cert);
  writeFileSync(pair(name).keyFile, key);
};

let scim: Pem;
let server: HttpServer;
const open: TLSSocket[] = [];

function serverOf(names: readonly string[]): HttpServer {
  return createHttpServer({
    ...{ name: "test", host: "127.0.0.1", port: 0, logger },
    handler: (request, response) => response.end(`answer to ${request.url}`),
    front: {
      tls: names.map(pair),
      trustedProxies: addressRanges([]),
      isPlainAllowed: false,
      tlsCheckMs: 20,
    },
  });
}

beforeAll(async () => {
  scim = await generate(["scim.example.com"]);
  put("scim", scim);
  put("console", await generate(["console.example.com"]));
  server = serverOf(["scim", "console"]);
  await server.start();
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const portOf = (of: HttpServer): number => Number(new URL(of.url()).port);

/** @throws what ended the handshake */
async function shakeHands(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  open.push(socket);
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return socket;
}

async function ask(socket: TLSSocket, path: string): Promise<string> {
  let text = "";
  const read = (chunk: Buffer): string => (text += chunk.toString());
  socket.on("data", read);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: scim.example.com\r\n\r\n`);
  await vi.waitUntil(() => text.includes(`answer to ${path}`) || socket.destroyed, WAIT);
  socket.off("data", read);
  return text;
}

const OLD = { ciphers: "DEFAULT:@SECLEVEL=0" } as const;

test("TLS 1.2 and 1.3 are spoken, 1.0 and 1.1 are not", async () => {
  // The same client gets in where they are: what refuses it is the server, not this machine's OpenSSL.
  const lax = createServer({ ...scim, ...OLD, minVersion: "TLSv1" }, (socket) =>
    socket.on("error", () => undefined),
  );
  await new Promise<void>((resolve) => lax.listen(0, "127.0.0.1", resolve));

  for (const version of ["TLSv1", "TLSv1.1"] as const) {
    const options = { ...OLD, minVersion: version, maxVersion: version };
    const control = await shakeHands((lax.address() as AddressInfo).port, options);
    expect(control.getProtocol()).toBe(version);
    control.destroy();
    await expect(shakeHands(portOf(server), options)).rejects.toThrow(/protocol version|EPROTO|handshake/i);
  }
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = await shakeHands(portOf(server), { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(await ask(socket, "/a")).toContain("Strict-Transport-Security: max-age=31536000");
  }
  lax.close();
});

test.each(["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256", "NULL"])(
  "the cipher suite %s, without forward secrecy or without authenticated encryption, is not",
  async (ciphers) => {
    const options = { ciphers: `${ciphers}:@SECLEVEL=0`, maxVersion: "TLSv1.2" } as const;
    await expect(shakeHands(portOf(server), options)).rejects.toThrow(/handshake failure|no cipher/i);
  },
);

test("the name that a client asks for decides the certificate; an unknown one, or none, gets the first", async () => {
  const nameFor = async (servername: string | undefined): Promise<string> => {
    const socket = await shakeHands(portOf(server), servername === undefined ? {} : { servername });
    return socket.getPeerX509Certificate()?.subject ?? "";
  };

  expect(await nameFor("console.example.com")).toBe("CN=console.example.com");
  expect(await nameFor("scim.example.com")).toBe("CN=scim.example.com");
  expect(await nameFor("elsewhere.example.com")).toBe("CN=scim.example.com");
  expect(await nameFor(undefined)).toBe("CN=scim.example.com");
});

test("a client that renegotiates is refused", async () => {
  const renegotiate = async (port: number): Promise<unknown> => {
    const socket = await shakeHands(port, { maxVersion: "TLSv1.2" });
    return new Promise((resolve) => {
      socket.once("error", resolve).once("close", () => resolve("closed"));
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error ?? "renegotiated"));
    });
  };
  const lax = createServer({ ...scim, maxVersion: "TLSv1.2" }, (socket) =>
    socket.on("error", () => undefined),
  );
  await new Promise<void>((resolve) => lax.listen(0, "127.0.0.1", resolve));

  expect(await renegotiate((lax.address() as AddressInfo).port)).toBe("renegotiated");
  expect(await renegotiate(portOf(server))).not.toBe("renegotiated");
  lax.close();
});

test("plain HTTP on the port gets no answer", async () => {
  await expect(fetch(server.url().replace("https", "http"))).rejects.toThrow();
});

test("a new certificate is for new connections; those that live go on; a half written one changes nothing", async () => {
  const fingerprint = async (servername: string): Promise<string | undefined> => {
    const socket = await shakeHands(portOf(server), { servername });
    return socket.getPeerX509Certificate()?.fingerprint256;
  };
  const old = await shakeHands(portOf(server), { servername: "scim.example.com" });
  const before = await fingerprint("scim.example.com");
  const renewed = await generate(["scim.example.com"]);

  // A certificate without its key, and no certificate at all: each is told once, and changes nothing.
  for (const [times, text] of [renewed.cert, "no certificate"].entries()) {
    writeFileSync(pair("scim").certFile, text);
    await vi.waitUntil(() => logged.length === times + 1, WAIT);
    expect(logged[times]).toContain("the former certificate stays in force");
    expect(await fingerprint("scim.example.com")).toBe(before);
    expect(await fingerprint("")).toBe(before);
  }
  put("scim", renewed);

  // By name and without one: the two ways in which a server finds its certificate.
  await vi.waitUntil(async () => (await fingerprint("scim.example.com")) !== before, WAIT);
  await vi.waitUntil(async () => (await fingerprint("")) !== before, WAIT);
  expect(await ask(old, "/old")).toContain("answer to /old");
  expect(old.destroyed).toBe(false);
});

test("files that cannot be read, or do not belong together, keep the server from starting, and are named", async () => {
  put("crossed", { cert: scim.cert, key: (await generate(["x"])).key });

  await expect(serverOf(["nowhere"]).start()).rejects.toThrow(/TLS_CERT_FILE: ENOENT.*nowhere/);
  await expect(serverOf(["crossed"]).start()).rejects.toThrow(
    /crossed\.pem and .*crossed\.key are no certificate/,
  );
});

test("a certificate of one's own is kept, and made again for another name or when it is broken", async () => {
  const dataDir = join(folder, "data");
  const first = await openSelfSigned(dataDir, []);
  const again = await openSelfSigned(dataDir, []);
  const wider = await openSelfSigned(dataDir, ["scim.example.com"]);
  writeFileSync(wider.certFile, "broken");
  const mended = await openSelfSigned(dataDir, ["scim.example.com"]);

  expect(again).toEqual(first);
  expect(wider.fingerprint).not.toBe(first.fingerprint);
  expect(mended.fingerprint).not.toBe(wider.fingerprint);
});
