/** Keys of issuers and keys at addresses are kept apart. Against a real issuer on loopback. */
import { jwtVerify } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";
import { IssuerKeys } from "../../../src/api/oauth/issuer-keys.ts";
import { startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

let issuer: TokenIssuer;
beforeEach(async () => {
  issuer = await startTokenIssuer("client");
});
afterEach(() => issuer.stop());

test("an issuer is found, also where somebody else gave its address as one of keys", async () => {
  const keys = new IssuerKeys(true);
  const wrong = await keys.at(issuer.issuer);
  const token = await issuer.signed({ iss: issuer.issuer, sub: "client" });

  const { payload } = await jwtVerify(token, await keys.of(issuer.issuer), { issuer: issuer.issuer });

  expect(payload.sub).toBe("client");
  await expect(jwtVerify(token, wrong)).rejects.toThrow();
});

test("what is known is not looked for again", async () => {
  const keys = new IssuerKeys(true);

  expect(await keys.of(issuer.issuer)).toBe(await keys.of(issuer.issuer));
  expect(await keys.at(issuer.issuer)).toBe(await keys.at(issuer.issuer));
});
