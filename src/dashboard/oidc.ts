/**
 * Sign-in by an OpenID provider of the operator's: authorization code with PKCE, state and nonce. Who it is stands in
 * the ID token, and the role in a claim of it or of the user-info answer.
 */
import * as oidc from "openid-client";
import { z } from "zod";
import { createSeal } from "../platform/seal.ts";
import type { Role } from "../store/accounts.ts";

export interface OidcSettings {
  /** OIDC_ISSUER. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a client without one, which PKCE alone protects. */
  readonly clientSecret: string | undefined;
  readonly scope: string;
  readonly roleClaim: string;
  /** Values of the claim, and the role that each gives. */
  readonly roles: ReadonlyMap<string, Role>;
  /** Of whoever has none of the values; undefined keeps them out. */
  readonly defaultRole: Role | undefined;
  /** What the button is called after. */
  readonly label: string;
}

/** Who the provider says is there. */
export interface OidcPerson {
  readonly issuer: string;
  readonly subject: string;
  /** What people call the account by. */
  readonly name: string;
  readonly role: Role | undefined;
}

export interface OidcSignIn {
  readonly label: string;
  /** @returns where the browser is sent, and what it keeps until it comes back */
  begin(next: string): Promise<{ readonly location: string; readonly flow: string }>;
  /**
   * @param query - with which the browser came back
   * @throws {Error} when the answer is not one to the flow that the browser began, or the provider refused
   */
  end(
    query: URLSearchParams,
    flow: string | undefined,
  ): Promise<{ readonly person: OidcPerson; readonly next: string }>;
}

export const CALLBACK_PATH = "/sign-in/callback";

const Flow = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  next: z.string(),
  begunAt: z.number(),
});
const FLOW_TTL_MS = 10 * 60_000;
const TIMEOUT_SECONDS = 10;
// What the provider publishes of itself is asked for again now and then, and after a failure.
const METADATA_TTL_MS = 3_600_000;
const SEAL_CONTEXT = "sign-in";

/** @param where - `secret`: ROLLCALL_SECRET, under which the flow is sealed; `consoleUrl`: where the browser comes back to */
export function createOidcSignIn(
  settings: OidcSettings,
  where: { readonly secret: string; readonly consoleUrl: () => string },
): OidcSignIn {
  const seal = createSeal(where.secret, "console oidc");
  const provider = cachedProvider(settings);
  const redirectUri = (): string => `${where.consoleUrl()}${CALLBACK_PATH}`;
  return {
    label: settings.label,
    async begin(next) {
      const [state, nonce, verifier] = [
        oidc.randomState(),
        oidc.randomNonce(),
        oidc.randomPKCECodeVerifier(),
      ];
      const location = oidc.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri(),
        scope: settings.scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      const flow = JSON.stringify({ state, nonce, verifier, next, begunAt: Date.now() });
      return { location: location.href, flow: seal.seal(flow, SEAL_CONTEXT).toString("base64url") };
    },
    async end(query, sealed) {
      const opened = seal.open(Buffer.from(sealed ?? "", "base64url"), SEAL_CONTEXT);
      if (opened === undefined) throw new Error("this browser began no sign-in");
      const flow = Flow.parse(JSON.parse(opened));
      if (Date.now() - flow.begunAt > FLOW_TTL_MS) throw new Error("the sign-in took too long");
      const configuration = await provider();
      const answer = new URL(`${redirectUri()}?${query.toString()}`);
      const tokens = await oidc.authorizationCodeGrant(configuration, answer, {
        pkceCodeVerifier: flow.verifier,
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        idTokenExpected: true,
      });
      return { person: await personOf(configuration, tokens, settings), next: flow.next };
    },
  };
}

function cachedProvider(settings: OidcSettings): () => Promise<oidc.Configuration> {
  let known: { readonly configuration: Promise<oidc.Configuration>; readonly since: number } | undefined;
  return () => {
    if (known !== undefined && Date.now() - known.since < METADATA_TTL_MS) return known.configuration;
    const asked = { configuration: discover(settings), since: Date.now() };
    known = asked;
    asked.configuration.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked.configuration;
  };
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<oidc.Configuration> {
  const url = new URL(issuer);
  const configuration = await oidc.discovery(
    url,
    clientId,
    undefined,
    clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret),
    {
      timeout: TIMEOUT_SECONDS,
      // Only what never leaves the machine may do without TLS.
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so that nobody uses it elsewhere
      ...(isLoopback(url) && { execute: [oidc.allowInsecureRequests] }),
    },
  );
  return configuration;
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}

type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;
type Claims = Readonly<Record<string, unknown>>;

async function personOf(
  configuration: oidc.Configuration,
  tokens: Tokens,
  settings: OidcSettings,
): Promise<OidcPerson> {
  const idToken = tokens.claims();
  if (idToken === undefined) throw new Error("the provider sent no ID token");
  const { sub: subject, iss: issuer } = idToken;
  let claims: Claims = idToken;
  const isWhole = claims[settings.roleClaim] !== undefined && claims["preferred_username"] !== undefined;
  if (!isWhole && configuration.serverMetadata().userinfo_endpoint !== undefined)
    claims = { ...(await oidc.fetchUserInfo(configuration, tokens.access_token, subject)), ...idToken };
  return { issuer, subject, name: nameOf(claims, subject), role: roleOf(claims, settings) };
}

function nameOf(claims: Claims, subject: string): string {
  const given = [claims["preferred_username"], claims["email"], claims["name"]];
  return given.find((name): name is string => typeof name === "string" && name !== "") ?? subject;
}

const RANK: readonly Role[] = ["owner", "admin", "viewer"];

/** The highest role that one of the claim's values gives. */
export function roleOf(
  claims: Claims,
  { roleClaim, roles, defaultRole }: Pick<OidcSettings, "roleClaim" | "roles" | "defaultRole">,
): Role | undefined {
  const claim = claims[roleClaim];
  const values = Array.isArray(claim) ? (claim as unknown[]) : [claim];
  const given = values.flatMap((value) => (typeof value === "string" ? [roles.get(value)] : []));
  return RANK.find((role) => given.includes(role)) ?? defaultRole;
}
