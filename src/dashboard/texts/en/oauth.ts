/** OAuth 2.0 for a connection: client credentials, and whose JWTs it trusts, with the fields as Azure's form names them. */
import { type Html, html } from "../../html.ts";

export const oauthTexts = {
  title: "OAuth 2.0",
  lead: "Azure asks the token endpoint for access tokens of an hour, and shows who it is by a client secret or, with nothing to keep secret, by a token of its own. The gallery takes no other way.",
  credentials: "Under Admin Credentials in Azure",
  secretOnce: html`<strong>The secret is shown this once.</strong> Only its hash is stored. One that it
    replaces works for seven more days.`,

  secrets: "Client secrets",
  secretColumns: ["Secret", "Expires", "Last used", "Change"],
  neverUsed: "Never",
  revoke: "Revoke",
  makeSecret: "Make a client secret",
  makeAnotherSecret: "Make another secret",

  keys: "Keys of the client's own",
  keysTold: (of: { algorithm: string; keysUrl: string | null; since: Html; lastUsed: Html | string }) =>
    html`Assertions signed with ${of.algorithm} are taken
      (<code>private_key_jwt</code>${of.keysUrl !== null && html`, keys from <code class="wraps">${of.keysUrl}</code>`}),
      each once, since ${of.since}; last used ${of.lastUsed}. <code>rollcall oauth keys</code> changes them.`,

  /** Last used, within a sentence. */
  never: "never",

  federation: "Workload identity federation",
  trustedSince: (since: Html, lastUsed: Html | string) =>
    html`Trusted since ${since}; last used ${lastUsed}.`,
  issuer: "Issuer",
  issuerHint:
    "https://login.microsoftonline.com/<tenant id>/v2.0, with the id of the customer's Azure tenant.",
  subject: "Subject",
  subjectHint: "The object id of Microsoft's provisioning service in that tenant; not its client id.",
  audience: "Audience",
  audienceHint: "api://<application id>, as the application in Azure has it.",
  trust: "Trust it",
  trustNoLonger: "Trust it no longer",
};
