/** Settings of the front door: who may connect how. Part of the configuration, in a file of their own for its length. */
import { z } from "zod";
import { addressRanges } from "./address-ranges.ts";
import { count } from "./setting-kinds.ts";

/** Such as `/etc/tls/scim.pem,/etc/tls/console.pem`. */
const files = z
  .string()
  .transform((text) => text.split(",").map((path) => path.trim()))
  .pipe(z.array(z.string().min(1)).min(1));

/** Such as `10.0.0.0/8,2001:db8::/32`. */
const addresses = z.string().transform((text, context) => {
  try {
    return addressRanges(text.split(","));
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

export const doorSettings = {
  TLS_CERT_FILE: files
    .optional()
    .describe(
      "Certificate with its chain in PEM: api and console are served over HTTPS; several, comma separated, are chosen among by host name",
    ),
  TLS_KEY_FILE: files
    .optional()
    .describe("Private key of that certificate, in PEM; as many as there are certificates"),
  TRUST_PROXY: addresses
    .prefault("")
    .describe(
      "Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, such as 10.0.0.0/8,2001:db8::/32",
    ),
  HTTP_ALLOWED: z
    .stringbool()
    .default(false)
    .describe(
      "Whether plain HTTP is answered beyond loopback and trusted proxies; the health checks always are",
    ),
  CONNECTIONS_MAX: count
    .default(10_000)
    .describe("Connections that api and console each hold at once; more are turned away"),
  CONNECTIONS_PER_ADDRESS_MAX: count
    .default(1_000)
    .describe("Of these, connections of one address; a trusted proxy has as many as it likes"),
  HEADERS_TIMEOUT_MS: count
    .default(15_000)
    .describe("How long a client may take to send the headers of a request"),
  REQUEST_TIMEOUT_MS: count.default(120_000).describe("How long a client may take to send a whole request"),
  SHUTDOWN_DELAY_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(300)
    .default(0)
    .describe("How long api and console still answer after SIGTERM, with /health/ready at 503, 0 to 300"),
  AUTH_FAILURES_PER_MINUTE: count
    .default(120)
    .describe("Requests without a valid token of one address that are answered 401 a minute; more get 429"),
  RATE_LIMIT_SHARES: count
    .default(1)
    .describe("Api processes among which the rate of a connection that has one is divided"),
  OAUTH_TOKEN_SECONDS: z.coerce
    .number()
    .int()
    .min(60)
    .max(21_600)
    .default(3_600)
    .describe("How long an access token of /oauth2/token lasts, 60 to 21600 seconds"),
  FEDERATION_PRIVATE_ALLOWED: z
    .stringbool()
    .default(false)
    .describe(
      "Whether issuers that connections trust may be at http:// and at addresses of one's own network",
    ),
} as const;
