/**
 * Who asks for an access token: by client_secret_basic, by client_secret_post, or by the JWT of an issuer that the
 * connection trusts (workload identity federation) or a JWT of the client's own (private_key_jwt). RFC 6749 section 2.3;
 * RFC 7523 section 3.
 */
import { decodeJwt, errors, jwtVerify } from "jose";
import { findKeysOfClient } from "../../store/client-keys.ts";
import type { Database } from "../../store/database.ts";
import { findClientSecret, findFederationOfClient } from "../../store/oauth-clients.ts";
import type { Credential } from "../../store/principal.ts";
import { CLOCK_TOLERANCE_SECONDS, credentialOfAssertion } from "./client-assertion.ts";
import { type IssuerKeys, IssuerUnavailableError } from "./issuer-keys.ts";

export interface ClientDeps {
  readonly db: Database;
  /** ROLLCALL_SECRET, under which client secrets are hashed. */
  readonly secret: string;
  readonly issuerKeys: IssuerKeys;
}

/** An error of RFC 6749 section 5.2. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

export type TokenForm = URLSearchParams;

export const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// Asymmetric ones alone: a public key is nobody's secret, and "none" is nobody's signature.
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

const invalidClient = (why: string): OAuthError => new OAuthError(401, "invalid_client", why);

/** @param asked - `audience`: the address that was asked, as the client knows it. @throws {OAuthError} */
export async function authenticateClient(
  authorization: string | undefined,
  { form, audience }: { readonly form: TokenForm; readonly audience: string },
  deps: ClientDeps,
): Promise<Credential> {
  const assertion = form.get("client_assertion");
  if (assertion === null) return bySecret(clientOf(authorization, form), deps);
  if (authorization !== undefined || form.has("client_secret"))
    throw new OAuthError(400, "invalid_request", "the client shows who it is in more than one way");
  if (form.get("client_assertion_type") !== JWT_BEARER)
    throw new OAuthError(400, "invalid_request", `client_assertion_type must be ${JWT_BEARER}`);
  const issuer = issuerOf(assertion);
  // It may be left out of the form: the assertion says who signed it. RFC 7521 section 4.2.
  const clientId = form.get("client_id") ?? issuer ?? "";
  return issuer === clientId
    ? byOwnKey({ clientId, jwt: assertion, audience }, deps)
    : byFederation(clientId, assertion, deps);
}

/** Who a request says it comes from, for telling that it was turned away. */
export function claimedClient(authorization: string | undefined, form: TokenForm): string | undefined {
  try {
    const assertion = form.get("client_assertion");
    if (assertion !== null) return form.get("client_id") ?? issuerOf(assertion);
    return clientOf(authorization, form).id;
  } catch {
    return undefined;
  }
}

/** As it says itself, which is not yet believed. */
function issuerOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).iss;
  } catch {
    return undefined;
  }
}

interface Client {
  readonly id: string;
  readonly secret: string;
}

function clientOf(authorization: string | undefined, form: TokenForm): Client {
  if (authorization === undefined)
    return { id: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  if (form.has("client_secret"))
    throw new OAuthError(400, "invalid_request", "the client shows who it is in more than one way");
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization) ?? [];
  const [, id, secret] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(encoded ?? "", "base64").toString("utf8")) ?? [];
  if (id === undefined || secret === undefined)
    throw invalidClient("the Authorization header is not of the form Basic; see RFC 6749 section 2.3.1");
  return { id: formDecoded(id), secret: formDecoded(secret) };
}

/** RFC 6749 wants both encoded as in a form; many clients do not, and nothing of ours needs it. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function bySecret(client: Client, { db, secret }: ClientDeps): Promise<Credential> {
  const found = ID.test(client.id) ? await findClientSecret(db, secret, client) : undefined;
  if (found) return found;
  throw invalidClient(
    "the client identifier is unknown, or the client secret is wrong, expired or revoked; make a new one in Rollcall's console and paste both into Azure",
  );
}

async function byOwnKey(
  assertion: Parameters<typeof credentialOfAssertion>[0],
  deps: ClientDeps,
): Promise<Credential> {
  const { clientId } = assertion;
  const keys = ID.test(clientId) ? await findKeysOfClient(deps.db, clientId) : undefined;
  if (!keys) throw invalidClient("the client identifier is unknown, or the client has no keys of its own");
  try {
    return await credentialOfAssertion(assertion, keys, deps);
  } catch (error) {
    throw refusalOf(error);
  }
}

/** The same assertion may come again: Azure repeats it, and it is good for what its times say. */
async function byFederation(clientId: string, assertion: string, deps: ClientDeps): Promise<Credential> {
  const federation = ID.test(clientId) ? await findFederationOfClient(deps.db, clientId) : undefined;
  if (!federation)
    throw invalidClient(
      "the client identifier is unknown, or its connection trusts no issuer; see Rollcall's console",
    );
  const { issuer, subject, audience, tenantId, id } = federation;
  try {
    await jwtVerify(assertion, await deps.issuerKeys.of(issuer), {
      issuer,
      subject,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ["exp", "iss", "sub", "aud"],
    });
    return { tenantId, id };
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): unknown {
  if (error instanceof IssuerUnavailableError || error instanceof errors.JWKSTimeout)
    return new OAuthError(503, "temporarily_unavailable", error.message);
  // Says which claim or key was not right, and nothing that was in it.
  if (error instanceof errors.JOSEError)
    return invalidClient(`the client assertion is refused: ${error.message}`);
  return error;
}
