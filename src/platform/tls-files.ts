/**
 * Certificates out of files, read again when they change. Files are compared by what they hold and not by their dates,
 * since orchestrators and ACME clients swap links; a pair that is half written, or wrong, leaves the former in force.
 */
import { constants, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from "node:tls";
import type { Logger } from "./logger.ts";

/** Of a certificate in use. */
export interface CertificateExpiry {
  /** The first host that it is for. */
  readonly name: string;
  readonly expiresAt: Date;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

interface Certificate {
  readonly leaf: X509Certificate;
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

/** A file that cannot be used; says which. */
export class TlsError extends Error {
  override readonly name = "TlsError";
}

// Forward secrecy and authenticated encryption: what Azure offers has these, and so has every client since 2014.
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

const PROTOCOLS = { minVersion: "TLSv1.2", maxVersion: "TLSv1.3", ciphers: CIPHERS } as const;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const EXPIRES_SOON_MS = 14 * 86_400_000;

/** The certificates of a server: the first is for who names no host, or one that none of them is for. */
export class TlsCertificates {
  readonly #files: readonly TlsFiles[];
  readonly #logger: Logger;
  readonly #onRead: (certificates: readonly CertificateExpiry[]) => void;
  #seen = "";
  #failed = "";
  #certificates: readonly Certificate[] = [];

  /** @param onRead - told of the certificates that are used from now on */
  constructor(
    files: readonly TlsFiles[],
    logger: Logger,
    onRead: (certificates: readonly CertificateExpiry[]) => void = () => undefined,
  ) {
    this.#files = files;
    this.#logger = logger;
    this.#onRead = onRead;
  }

  /**
   * Reads the files.
   * @returns what the server is to use from now on; undefined where nothing has changed
   * @throws {TlsError} when a file cannot be read, or a key is not its certificate's
   */
  async read(): Promise<SecureContextOptions | undefined> {
    const texts = await Promise.all(this.#files.map(readPair));
    const seen = JSON.stringify(texts);
    if (seen === this.#seen) return undefined;
    const certificates = texts.map(([cert, key], index) => certificateOf(cert, key, this.#files[index]));
    this.#certificates = certificates;
    this.#seen = seen;
    this.#failed = "";
    for (const { leaf } of certificates) this.#tell(leaf);
    this.#onRead(certificates.map(({ leaf }) => expiryOf(leaf)));
    return certificates[0]?.options;
  }

  /** As `read`, while the server runs: what is wrong is logged once. */
  async readAgain(): Promise<SecureContextOptions | undefined> {
    try {
      return await this.read();
    } catch (err) {
      const failed = err instanceof Error ? err.message : String(err);
      if (failed !== this.#failed)
        this.#logger.warn(
          { err },
          "new certificate files cannot be used; the former certificate stays in force",
        );
      this.#failed = failed;
      return undefined;
    }
  }

  /** For the server that is made before the files are read. */
  options(): TlsOptions {
    return {
      ...PROTOCOLS,
      honorCipherOrder: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      SNICallback: (name, done) => done(null, this.#contextFor(name)),
    };
  }

  #contextFor(name: string): SecureContext | undefined {
    const found = this.#certificates.find(({ leaf }) => leaf.checkHost(name) !== undefined);
    return (found ?? this.#certificates[0])?.context;
  }

  #tell({ subject, subjectAltName, validTo }: X509Certificate): void {
    const about = { subject: subjectAltName ?? subject, validTo };
    if (Date.parse(validTo) - Date.now() > EXPIRES_SOON_MS) this.#logger.info(about, "certificate in use");
    else this.#logger.warn(about, "the certificate in use ends in less than 14 days, or has ended");
  }
}

function expiryOf({ subject, subjectAltName = "", validTo }: X509Certificate): CertificateExpiry {
  const host = /(?:DNS|IP Address):([^,\s]+)/.exec(subjectAltName)?.[1];
  return { name: host ?? /CN=(.+)/.exec(subject)?.[1] ?? "unnamed", expiresAt: new Date(validTo) };
}

async function readPair({ certFile, keyFile }: TlsFiles): Promise<readonly [string, string]> {
  return [await read(certFile, "TLS_CERT_FILE"), await read(keyFile, "TLS_KEY_FILE")];
}

async function read(path: string, setting: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new TlsError(`${setting}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** The key's text never reaches a message. */
function certificateOf(cert: string, key: string, files: TlsFiles | undefined): Certificate {
  const options: SecureContextOptions = {
    ...PROTOCOLS,
    cert,
    key,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    honorCipherOrder: true,
  };
  try {
    return { options, context: createSecureContext(options), leaf: new X509Certificate(cert) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsError(
      `${files?.certFile} and ${files?.keyFile} are no certificate and its key in PEM: ${why}`,
    );
  }
}
