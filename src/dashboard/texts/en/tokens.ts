/** A connection's tokens: the page that shows a new one once, rotating, and revoking one or all. */
import { type Html, html } from "../../html.ts";

export const tokensTexts = {
  copyNow: "Copy these into Azure now",
  /** As the fields of Azure's form are called. */
  azure: {
    tenantUrl: "Tenant URL",
    tokenEndpoint: "Token Endpoint",
    clientIdentifier: "Client Identifier",
    clientSecret: "Client Secret",
    secretToken: "Secret Token",
  },
  expires: "Expires",
  tokenOnce: html`<strong>The token is shown this once.</strong> Only its hash is stored; if it is lost,
    rotate it and paste the new one into Azure. A click selects the whole value.`,
  secretOnce: (oauthPath: string) =>
    html`<strong>The secret is shown this once.</strong> Only its hash is stored; if it is lost, make another
      on the page <a href="${oauthPath}">OAuth 2.0</a> and paste the new one into Azure. A click selects the
      whole value.`,
  copied: "I have copied it — open the connection",
  betterWay: (oauthPath: string) =>
    html`Azure's gallery no longer takes long-lived tokens; an application of your own still does. The better
      way for both: <a href="${oauthPath}">OAuth 2.0 or federation</a>.`,

  rotateTitle: "Rotate token",
  /** @param hint - how the old token begins */
  rotateLead: (hint: string) =>
    html`The connection gets a new token beside <code>${hint}…</code>. Choose for how long the old one goes
      on: until the new one is saved in the Azure portal, Azure uses the old.`,
  rotate: "Rotate now",
  createTitle: "Create a token",
  createLead: "The connection has no token. The new one is shown once.",
  create: "Create token",
  oldToken: "The old token",
  oldTokenHint:
    "Where the old one may be in wrong hands, let it end at once: a cycle that fails meanwhile is repeated by Azure, so nothing is lost.",
  /** For how many hours the old token goes on. */
  overlaps: {
    0: "It ends at once",
    1: "One more hour",
    24: "One more day",
    72: "Three more days",
    168: "One more week",
  },
  wrongOverlap: (hoursMax: number) => `Say for how many hours: ${hoursMax} at most.`,
  /** In the audit. @param hint - how the new token begins */
  rotated: (hint: string, overlapHours: number) =>
    overlapHours === 0 ? `${hint}…` : `${hint}…, the old one for ${overlapHours} more hours`,
  newToken: (tenant: string) => `New token for ${tenant}`,

  noSuchToken: "There is no such token in use",
  revokeOneTitle: "Revoke a token",
  revokeOneHeading: (hint: string) => html`Revoke <code>${hint}…</code>`,
  revokeOneLead: (lastUsed: Html | string) =>
    html`It ends at once; the other tokens of the connection go on. It was last used ${lastUsed}.`,
  never: "never",
  revokeOne: "Revoke this token",

  revokeAll: "Revoke all tokens",
  revokeAllLead: (tenant: string) =>
    `Azure is cut off from ${tenant} at once: every request is answered 401, and after some time Azure puts its provisioning into quarantine.`,
  revokeAllMeans:
    "Users and groups stay as they are. People who leave are no longer disabled here until a new token is set in Azure.",
  revokeAllUnderstood: (tenant: string) => `I understand that provisioning of ${tenant} stops`,
  revokeAllUnconfirmed: "Tick the box to confirm that Azure is to be cut off.",
};
