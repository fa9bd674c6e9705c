/** How the servers that face the network take connections, out of the configuration. */
import { type Config, ConfigError } from "./platform/config.ts";
import type { FrontSettings } from "./platform/http-server.ts";

/** @throws {ConfigError} where certificates and keys are not as many */
export function frontSettings(config: Config): FrontSettings {
  const { TLS_CERT_FILE: certFiles = [], TLS_KEY_FILE: keyFiles = [] } = config;
  if (certFiles.length !== keyFiles.length)
    throw new ConfigError(
      `TLS_CERT_FILE names ${certFiles.length} files and TLS_KEY_FILE ${keyFiles.length}: each certificate needs its key`,
    );
  return {
    tls: certFiles.map((certFile, index) => ({ certFile, keyFile: keyFiles[index] ?? "" })),
    trustedProxies: config.TRUST_PROXY,
    isPlainAllowed: config.HTTP_ALLOWED,
    connections: { all: config.CONNECTIONS_MAX, perAddress: config.CONNECTIONS_PER_ADDRESS_MAX },
    headersTimeoutMs: config.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
  };
}
