/**
 * What a page handler is given and what it returns. Handlers know nothing of HTTP frameworks: they take a plain
 * visit, and answer with a page or a redirect.
 */
import type { Config } from "../platform/config.ts";
import type { JobsToErase } from "../queue/erase-jobs.ts";
import type { WriteToRepeat } from "../queue/retry.ts";
import type { Role } from "../store/accounts.ts";
import type { DatabasePool } from "../store/database.ts";
import type { Client, Session } from "../store/sessions.ts";
import { Html, html } from "./html.ts";
import { texts } from "./texts/texts.ts";

const words = texts.common;

export interface WebhookTargets {
  readonly isHttpAllowed: boolean;
  readonly isPrivateAllowed: boolean;
}

/** Settings that say for how many days something is kept. */
export const RETENTION_SETTINGS = [
  "WRITE_RETENTION_DAYS",
  "CYCLE_RETENTION_DAYS",
  "FAILURE_RETENTION_DAYS",
  "EVENT_RETENTION_DAYS",
  "AUDIT_RETENTION_DAYS",
] as const satisfies readonly (keyof Config)[];

/** In days. */
export type RetentionSettings = Readonly<Pick<Config, (typeof RETENTION_SETTINGS)[number]>>;

/** What all handlers share. */
export interface Console {
  readonly database: DatabasePool;
  /** Key under which tokens and sessions are hashed. */
  readonly secret: string;
  /** Address under which identity providers reach the api, without a trailing slash. */
  readonly publicUrl: () => string;
  /** Address under which browsers reach the console, without a trailing slash. */
  readonly consoleUrl: () => string;
  /** Of security event tokens. */
  readonly issuer: string;
  readonly tokenTtlDays: number;
  /** After which a session that nobody uses ends. */
  readonly sessionIdleMinutes: number;
  /** Where webhooks may be sent beyond public addresses over https. */
  readonly webhookTargets: WebhookTargets;
  /** Whether this installation can send e-mail. */
  readonly hasMail: boolean;
  readonly retention: RetentionSettings;
  readonly now: () => Date;
  /** Takes a tenant's jobs out of the queues, or those that name a person. @returns how many */
  readonly eraseJobs: (wanted: JobsToErase) => Promise<number>;
  /** Puts failed writes on the queue, as new ones. */
  readonly repeatWrites: (writes: readonly WriteToRepeat[]) => Promise<void>;
}

export interface Visit {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Fields of a posted form; its CSRF token was checked before the handler runs. */
  readonly form: URLSearchParams;
  /** To be sent with every form of the answer. */
  readonly csrfToken: string;
  readonly client: Client;
}

/** A visit of someone who may not have signed in yet. */
export interface PublicVisit extends Visit {
  readonly session: Session | undefined;
  /** What the browser holds. */
  readonly sessionId: string | undefined;
  /** What it has brought back from an identity provider. */
  readonly flow: string | undefined;
}

/** A visit of someone signed in, whose role the route asked for. */
export interface MemberVisit extends Visit {
  readonly session: Session;
}

export type Section = "overview" | "failed" | "queues" | "people" | "settings";

export interface Page {
  readonly kind: "page";
  readonly status: number;
  readonly title: string;
  /** Which entry of the navigation the page belongs to. */
  readonly section?: Section;
  readonly body: Html;
  readonly live?: Live;
}

/** Parts of a page that are sent again when they have changed, by name; each stands in the body by `region`. */
export interface Live {
  readonly regions: Readonly<Record<string, Html>>;
  /** Address of the page that has them, where it is not the one that shows them. */
  readonly at?: string;
}

/** What a redirect does to the browser's session. */
export type SessionChange =
  | { readonly kind: "begin"; readonly id: string }
  | { readonly kind: "end" }
  /** Away to an identity provider; the browser keeps `flow` until it is back. */
  | { readonly kind: "away"; readonly flow: string };

export interface Redirect {
  readonly kind: "redirect";
  readonly location: string;
  readonly session?: SessionChange;
}

/** Something to keep, under this name. */
export interface Download {
  readonly kind: "file";
  readonly name: string;
  readonly type: string;
  /** In parts, where it may be long. */
  readonly body: string | AsyncIterable<string>;
}

/** A page that tells how far something is while it goes on; the parts must not throw. */
export interface Progress {
  readonly kind: "stream";
  readonly title: string;
  readonly section?: Section;
  readonly parts: AsyncIterable<Html>;
}

export type Answer = Page | Redirect | Download | Progress;

export function file(name: string, type: string, body: Download["body"]): Download {
  return { kind: "file", name, type, body };
}

export function page(
  title: string,
  body: Html,
  more: { status?: number; section?: Section; live?: Live } = {},
): Page {
  const { status = 200, section, live } = more;
  return { kind: "page", status, title, body, ...(section && { section }), ...(live && { live }) };
}

/** Where a live part of a page stands. @param isSpoken - whether screen readers are told of its changes */
export function region({ regions }: Live, name: string, isSpoken = false): Html {
  const attributes = isSpoken ? new Html('aria-live="polite"') : undefined;
  return html`<div data-region="${name}" ${attributes}>${regions[name]}</div>`;
}

export function redirect(location: string, session?: SessionChange): Redirect {
  return { kind: "redirect", location, ...(session && { session }) };
}

/** @param what - says what is missing, as a sentence without its full stop */
export function notFound(what = words.noPage): Page {
  const body = html`<h1>${words.notFound}</h1>
    <p>${words.notFoundMore(what)}</p>
    <p><a class="button quiet" href="/">${words.toOverview}</a></p>`;
  return page(words.notFound, body, { status: 404 });
}

const RANK: Readonly<Record<Role, number>> = { viewer: 0, admin: 1, owner: 2 };

/** Each role may do what those before it may. */
export function mayActAs(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}

/** Ids as they stand in addresses: lower case. */
const ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

export function csrfField(visit: { readonly csrfToken: string }): Html {
  return html`<input type="hidden" name="csrf" value="${visit.csrfToken}" />`;
}
