/**
 * Does Azure get in, and if not, why: told from when a connection's tokens were last used, and from what was turned
 * away at its door. Times are in full, since the sentence is spoken again whenever it changes.
 */
import type { KnockReason, KnownKnock } from "../../store/knocks.ts";
import type { Connection, Token } from "../../store/tenants.ts";
import { counted, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, type Tone } from "../parts.ts";

export interface DoorState {
  readonly tone: Tone;
  readonly title: string;
  readonly text: Html | string;
  /** What to do, step by step, where something is wrong. */
  readonly advice?: string;
}

export interface Door {
  readonly connection: Connection;
  /** Newest first. */
  readonly tokens: readonly Token[];
  /** Turned away at this connection's door, the latest first. */
  readonly knocks: readonly KnownKnock[];
  /** Turned away, and nobody knows at whose. */
  readonly strangers: readonly KnownKnock[];
  /** It trusts an issuer, or the client's own keys, and needs no token. */
  readonly hasAssertions: boolean;
  readonly lastRequestAt: Date | undefined;
  readonly now: Date;
}

export function doorState(door: Door): DoorState {
  const { connection, tokens, now } = door;
  if (connection.disconnectedAt !== null)
    return { tone: "idle", title: "Disconnected", text: "Azure's requests are refused; the data stays." };
  const live = tokens.filter((token) => isLive(token, now));
  const newest = live[0];
  if (newest === undefined) return door.hasAssertions ? federated(door) : withoutToken(tokens);
  const heardAt = latest([...tokens.map(({ lastUsedAt }) => lastUsedAt), door.lastRequestAt]);
  const since = latest([heardAt, newest.createdAt]) ?? newest.createdAt;
  const trouble = door.knocks.find(({ lastAt }) => lastAt > since);
  if (trouble !== undefined) return turnedAway(trouble, heardAt);
  if (heardAt === undefined) return waiting(newest, door.strangers);
  const older = live.find(({ replacedAt }) => replacedAt !== null);
  if (older !== undefined && newest.lastUsedAt === null) return betweenTokens(newest, older, heardAt);
  return { tone: "good", title: "Connected", text: html`Last authenticated request ${time(heardAt)}.` };
}

export function doorCard({ tone, title, text, advice }: DoorState): Html {
  return html`<div class="card status ${tone}">
    <p>${badge(tone, title)}</p>
    <p>${text}</p>
    ${advice !== undefined && html`<p class="advice-line"><b>What to do:</b> ${advice}</p>`}
  </div>`;
}

export function isLive({ revokedAt, expiresAt }: Token, now: Date): boolean {
  return revokedAt === null && expiresAt > now;
}

function federated({ lastRequestAt, knocks }: Door): DoorState {
  const trouble = knocks.find(({ lastAt }) => lastRequestAt === undefined || lastAt > lastRequestAt);
  if (trouble !== undefined) return turnedAway(trouble, lastRequestAt);
  return lastRequestAt === undefined
    ? {
        tone: "warn",
        title: "Waiting for Azure to knock",
        text: "The connection trusts an issuer, and nobody has come with its word yet. Press Test Connection in Azure.",
      }
    : { tone: "good", title: "Connected", text: html`Last authenticated request ${time(lastRequestAt)}.` };
}

function withoutToken(tokens: readonly Token[]): DoorState {
  const hasExpired = tokens[0]?.revokedAt === null;
  return hasExpired
    ? { tone: "bad", title: "Token expired", text: "Azure's requests are refused. Rotate the token below." }
    : {
        tone: "bad",
        title: "No token",
        text: "Azure cannot connect. Choose OAuth 2.0 below, or create a token and paste it there.",
      };
}

function waiting(token: Token, strangers: readonly KnownKnock[]): DoorState {
  const stranger = strangers.find(({ lastAt }) => lastAt > token.createdAt);
  if (stranger === undefined)
    return {
      tone: "warn",
      title: "Waiting for Azure to knock",
      text: html`The ${token.kind === "bearer" ? "token" : "client secret"} <code>${token.hint}…</code> has
        not been used yet. Press Test Connection in Azure: this turns green with its first request.`,
    };
  const { title, advice } = REASONS[stranger.reason];
  return {
    tone: "warn",
    title: "Waiting for Azure to knock",
    text: html`Somebody knocked ${time(stranger.lastAt)}, and was turned away: <b>${title}</b>.
      ${asked(stranger)} It cannot be told whose request it was; if it was this Azure's test, then:`,
    advice,
  };
}

function turnedAway(knock: KnownKnock, heardAt: Date | undefined): DoorState {
  const { title, advice } = REASONS[knock.reason];
  const since = heardAt === undefined ? "" : html` The last one that got in came ${time(heardAt)}.`;
  return {
    // Whoever knows how a token begins could knock so; while others get in, it need not be Azure.
    tone: knock.reason === "altered" && heardAt !== undefined ? "warn" : "bad",
    title: `Turned away: ${title}`,
    text: html`${knock.tokenHint !== null && html`With <code>${knock.tokenHint}…</code>, `}last
    ${time(knock.lastAt)}, ${counted(knock.times, "time")} in all. ${asked(knock)}${since}`,
    advice,
  };
}

function betweenTokens(newest: Token, older: Token, heardAt: Date): DoorState {
  return {
    tone: "warn",
    title: "Azure still uses the old token",
    text: html`<code>${older.hint}…</code> works until ${time(older.expiresAt)}. Paste
      <code>${newest.hint}…</code> into Azure before that. Last request ${time(heardAt)}.`,
  };
}

/** What was asked for, and by whom it says it is; what stood in the query is not known here. */
function asked({ method, path, userAgent, address }: KnownKnock): Html {
  return html`It asked for <code>${method} ${path}</code>${userAgent !== null && html` as “${userAgent}”`}${
      address !== null && html` from <code>${address}</code>`
    }.`;
}

const PASTE_AGAIN = "rotate the token here, copy it whole, and paste it into Secret Token in Azure.";

const REASONS: Readonly<Record<KnockReason, { readonly title: string; readonly advice: string }>> = {
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
};

function latest(times: readonly (Date | null | undefined)[]): Date | undefined {
  const known = times.filter((at) => at !== null && at !== undefined);
  return known.length === 0 ? undefined : new Date(Math.max(...known.map((at) => at.getTime())));
}
