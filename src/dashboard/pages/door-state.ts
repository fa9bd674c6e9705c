/**
 * Does Azure get in, and if not, why: told from when a connection's tokens were last used, and from what was turned
 * away at its door. Times are in full, since the sentence is spoken again whenever it changes.
 */
import type { KnownKnock } from "../../store/knocks.ts";
import type { Connection, Token } from "../../store/tenants.ts";
import { time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, type Tone } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.door;

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
  if (connection.disconnectedAt !== null) return { tone: "idle", ...words.disconnected };
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
  return connected(heardAt);
}

function connected(heardAt: Date): DoorState {
  const { title, text } = words.connected;
  return { tone: "good", title, text: text(time(heardAt)) };
}

export function doorCard({ tone, title, text, advice }: DoorState): Html {
  return html`<div class="card status ${tone}">
    <p>${badge(tone, title)}</p>
    <p>${text}</p>
    ${advice !== undefined && html`<p class="advice-line"><b>${words.whatToDo}</b> ${advice}</p>`}
  </div>`;
}

export function isLive({ revokedAt, expiresAt }: Token, now: Date): boolean {
  return revokedAt === null && expiresAt > now;
}

function federated({ lastRequestAt, knocks }: Door): DoorState {
  const trouble = knocks.find(({ lastAt }) => lastRequestAt === undefined || lastAt > lastRequestAt);
  if (trouble !== undefined) return turnedAway(trouble, lastRequestAt);
  return lastRequestAt === undefined
    ? { tone: "warn", title: words.waiting.title, text: words.waiting.forAssertion }
    : connected(lastRequestAt);
}

function withoutToken(tokens: readonly Token[]): DoorState {
  const hasExpired = tokens[0]?.revokedAt === null;
  return { tone: "bad", ...(hasExpired ? words.expired : words.noToken) };
}

function waiting(token: Token, strangers: readonly KnownKnock[]): DoorState {
  const stranger = strangers.find(({ lastAt }) => lastAt > token.createdAt);
  const { title, forToken, forSecret, stranger: ofStranger } = words.waiting;
  if (stranger === undefined)
    return { tone: "warn", title, text: (token.kind === "bearer" ? forToken : forSecret)(token.hint) };
  const { title: why, advice } = words.reasons[stranger.reason];
  return { tone: "warn", title, text: ofStranger(time(stranger.lastAt), why, asked(stranger)), advice };
}

function turnedAway(knock: KnownKnock, heardAt: Date | undefined): DoorState {
  const { title: why, advice } = words.reasons[knock.reason];
  const when = words.turnedAwayMore(knock.tokenHint, time(knock.lastAt), knock.times);
  return {
    // Whoever knows how a token begins could knock so; while others get in, it need not be Azure.
    tone: knock.reason === "altered" && heardAt !== undefined ? "warn" : "bad",
    title: words.turnedAway(why),
    text: html`${when} ${asked(knock)} ${heardAt && words.lastLetIn(time(heardAt))}`,
    advice,
  };
}

function betweenTokens(newest: Token, older: Token, heardAt: Date): DoorState {
  const { title, text } = words.oldToken;
  const old = { hint: older.hint, until: time(older.expiresAt) };
  return { tone: "warn", title, text: text(old, newest.hint, time(heardAt)) };
}

/** What was asked for, and by whom it says it is; what stood in the query is not known here. */
function asked({ method, path, userAgent, address }: KnownKnock): Html {
  return words.asked(`${method} ${path}`, userAgent, address);
}

function latest(times: readonly (Date | null | undefined)[]): Date | undefined {
  const known = times.filter((at) => at !== null && at !== undefined);
  return known.length === 0 ? undefined : new Date(Math.max(...known.map((at) => at.getTime())));
}
