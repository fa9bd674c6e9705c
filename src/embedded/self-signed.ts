/** `bin/start --tls-self-signed`: a certificate of the installation's own, for trying out; kept in the data directory. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { makePrivateDir, readFileIfAny, replacePrivateFile } from "./files.ts";

export interface SelfSigned {
  readonly certFile: string;
  readonly keyFile: string;
  /** SHA-256, by which a person can tell the certificate. */
  readonly fingerprint: string;
}

const DAY_MS = 86_400_000;
const TTL_DAYS = 365;
const RENEWED_BEFORE_DAYS = 30;

/** @param hosts - names and addresses it is for, beside this machine's own */
export async function openSelfSigned(dataDir: string, hosts: readonly string[]): Promise<SelfSigned> {
  const folder = join(dataDir, "tls");
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  const names = [...new Set(["localhost", hostname(), "127.0.0.1", "::1", ...hosts])];
  const known = readFileIfAny(files.certFile);
  if (known !== undefined && isGood(known, names) && readFileIfAny(files.keyFile) !== undefined)
    return { ...files, fingerprint: new X509Certificate(known).fingerprint256 };
  makePrivateDir(folder);
  const { cert, key } = await generate(names);
  replacePrivateFile(files.keyFile, key);
  replacePrivateFile(files.certFile, cert);
  return { ...files, fingerprint: new X509Certificate(cert).fingerprint256 };
}

function isGood(pem: string, names: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const isFor = (name: string): boolean =>
      (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
    return Date.parse(certificate.validTo) - Date.now() > RENEWED_BEFORE_DAYS * DAY_MS && names.every(isFor);
  } catch {
    return false;
  }
}

/** @returns PEM; P-256, which every client speaks and which is made in a moment */
export async function generate(
  names: readonly string[],
): Promise<{ readonly cert: string; readonly key: string }> {
  // Loaded here, since nobody else needs it.
  const { default: selfsigned } = await import("selfsigned");
  const made = await selfsigned.generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + TTL_DAYS * DAY_MS),
    extensions: [
      // It is its own authority, so that a client that is told to trust it can.
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
