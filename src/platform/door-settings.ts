/** Settings of the front door: who may connect how. Part of the configuration, in a file of their own for its length. */
import { z } from "zod";
import { addressRanges } from "./address-ranges.ts";

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
} as const;
