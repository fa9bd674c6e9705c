/** A real issuer on loopback, as Entra is one to a connection that trusts it; its keys are the test's, to sign amiss with. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import Provider from "oidc-provider";

export interface TokenIssuer {
  readonly issuer: string;
  /** The client's id there, which its tokens have as subject. */
  readonly subject: string;
  /** What its own token endpoint issues. */
  issued(audience: string): Promise<string>;
  /** Any claims, signed with its key of the moment, or another. */
  signed(claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: JWK): Promise<string>;
  publicKey(): JWK;
  /** New keys in place of the old. */
  rotate(): Promise<void>;
  stop(): Promise<void>;
}

const SECRET = "a client secret that only tests use";

export async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

export async function startTokenIssuer(subject: string): Promise<TokenIssuer> {
  let handler: RequestListener = (_request, response) => response.writeHead(503).end();
  let key = await newKey("first");
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const serve = (): void => {
    const provider = new Provider(issuer, {
      jwks: { keys: [key] },
      clients: [
        {
          client_id: subject,
          client_secret: SECRET,
          grant_types: ["client_credentials"],
          redirect_uris: [],
          response_types: [],
        },
      ],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, resource) => ({
            scope: "",
            audience: resource,
            accessTokenFormat: "jwt",
            accessTokenTTL: 600,
            jwt: { sign: { alg: "RS256" } },
          }),
        },
      },
    });
    const answer = provider.callback();
    handler = (request, response) => void answer(request, response);
  };
  serve();
  return {
    issuer,
    subject,
    async issued(audience) {
      const response = await fetch(`${issuer}/token`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${subject}:${encodeURIComponent(SECRET)}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials", resource: audience }),
      });
      return ((await response.json()) as { access_token: string }).access_token;
    },
    async signed(claims, header = {}, other = key) {
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid: key.kid ?? "", ...header })
        .sign(await importJWK(other, "RS256"));
    },
    publicKey: () => ({ kty: key.kty!, n: key.n!, e: key.e! }),
    async rotate() {
      key = await newKey("second");
      serve();
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
