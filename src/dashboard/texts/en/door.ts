/** Whether Azure gets in, why not where it does not, and what to do then. */
import { type Html, html } from "../../html.ts";
import { counted } from "./numbers.ts";

const PASTE_AGAIN = "rotate the token here, copy it whole, and paste it into Secret Token in Azure.";

export const doorTexts = {
  disconnected: { title: "Disconnected", text: "Azure's requests are refused; the data stays." },
  connected: { title: "Connected", text: (when: Html) => html`Last authenticated request ${when}.` },
  whatToDo: "What to do:",

  waiting: {
    title: "Waiting for Azure to knock",
    forAssertion:
      "The connection trusts an issuer, and nobody has come with its word yet. Press Test Connection in Azure.",
    forToken: (hint: string) =>
      html`The token <code>${hint}…</code> has not been used yet. Press Test Connection in Azure: this turns
        green with its first request.`,
    forSecret: (hint: string) =>
      html`The client secret <code>${hint}…</code> has not been used yet. Press Test Connection in Azure: this
        turns green with its first request.`,
    /** @param asked - what for, and by whom */
    stranger: (when: Html, why: string, asked: Html) =>
      html`Somebody knocked ${when}, and was turned away: <b>${why}</b>. ${asked} It cannot be told whose
        request it was; if it was this Azure's test, then:`,
  },
  expired: { title: "Token expired", text: "Azure's requests are refused. Rotate the token below." },
  noToken: {
    title: "No token",
    text: "Azure cannot connect. Choose OAuth 2.0 below, or create a token and paste it there.",
  },

  turnedAway: (why: string) => `Turned away: ${why}`,
  /** @param hint - of the token that was shown, if it is known */
  turnedAwayMore: (hint: string | null, when: Html, times: number) =>
    html`${hint !== null && html`With <code>${hint}…</code>, `}last ${when}, ${counted(times, "time")} in all.`,
  lastLetIn: (when: Html) => html`The last one that got in came ${when}.`,
  asked: (request: string, userAgent: string | null, address: string | null) =>
    html`It asked for <code>${request}</code>${userAgent !== null && html` as “${userAgent}”`}${
        address !== null && html` from <code>${address}</code>`
      }.`,

  oldToken: {
    title: "Azure still uses the old token",
    text: (older: { readonly hint: string; readonly until: Html }, newest: string, lastRequest: Html) =>
      html`<code>${older.hint}…</code> works until ${older.until}. Paste <code>${newest}…</code> into Azure
        before that. Last request ${lastRequest}.`,
  },

  /** Why somebody was turned away, and what to do about it. */
  reasons: {
    missing: {
      title: "no token came",
      advice: "Fill in Secret Token under Admin Credentials in Azure, and test again.",
    },
    malformed: {
      title: "what came is no token",
      advice: `The Secret Token in Azure has something else around it, such as a blank or the word Bearer: ${PASTE_AGAIN}`,
    },
    unknown: {
      title: "wrong token",
      advice: `The Secret Token in Azure is none of Rollcall's: ${PASTE_AGAIN}`,
    },
    altered: {
      title: "the token is not whole",
      advice: `It begins like this connection's and goes on otherwise, as when the end was not copied: ${PASTE_AGAIN}`,
    },
    product_key: {
      title: "a product key instead of the token",
      advice: `Keys that begin with rk_ are for your product. For Azure ${PASTE_AGAIN}`,
    },
    client_secret: {
      title: "a client secret instead of a token",
      advice:
        "Secrets that begin with rs_ open the token endpoint alone: choose OAuth2 client credentials grant in Azure, and fill in Token Endpoint, Client Identifier and Client Secret.",
    },
    expired: {
      title: "the token has expired",
      advice: `Azure still has a token whose time is over: ${PASTE_AGAIN}`,
    },
    revoked: {
      title: "the token was revoked",
      advice: `Azure still has a token that was ended here: ${PASTE_AGAIN}`,
    },
    client: {
      title: "the client is not let in",
      advice:
        "The client secret, or what is shown in place of one, is wrong, expired or revoked: make a new one on the page OAuth 2.0 here, and paste Client Identifier and Client Secret into Azure.",
    },
    address: {
      title: "an address that is not allowed",
      advice:
        "If it is Azure's, add it to the connection's allowed addresses; Azure's ranges change. If it is not, somebody else has the token: rotate it.",
    },
    plain: {
      title: "it came over plain HTTP",
      advice:
        "Use the https address as Tenant URL in Azure, and rotate the token: the old one may have been read on its way. Where a proxy ends TLS, its address belongs into TRUST_PROXY.",
    },
    disconnected: {
      title: "the connection is disconnected",
      advice: "Activate it again here, or stop provisioning in Azure.",
    },
    clock: {
      title: "clocks disagree",
      advice:
        "By the clock of Postgres the token has expired, by that of the api it has not: set both by NTP. `rollcall doctor` measures them.",
    },
    path: {
      title: "wrong path",
      advice:
        "The token is right, the address is not: compare the Tenant URL in Azure with the one below, to the letter.",
    },
  },
};
