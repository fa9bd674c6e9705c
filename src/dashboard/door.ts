/**
 * Who comes in, and how an answer goes out: the session behind the cookie, the check of every posted form's token,
 * cookies begun and ended, pages in their frame and never kept by a cache.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { NextFunction, Request, Response } from "express";
import type { DatabasePool } from "../store/database.ts";
import type { Session } from "../store/sessions.ts";
import { type CookieSpec, createCookies, readCookie } from "./cookies.ts";
import { Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";
import { wantsStream } from "./live-stream.ts";
import { type Answer, type Download, page, type Progress, type Redirect } from "./page.ts";
import { BOARD_PATH } from "./queue-board.ts";
import { createFormId, formTokenOf, isSameToken, noteUse, readSession } from "./session.ts";
import { texts } from "./texts/texts.ts";

const words = texts.frame;

export interface Visitor {
  readonly sessionId: string | undefined;
  readonly session: Session | undefined;
  readonly csrfToken: string;
}

export interface DoorSettings {
  readonly database: DatabasePool;
  readonly secret: string;
  readonly sessionIdleMinutes: number;
  readonly secureCookies: boolean;
  readonly stylesheet: string;
  readonly script: string;
}

export type Door = ReturnType<typeof createDoor>;

export function createDoor(settings: DoorSettings) {
  const cookies = createCookies(settings.secureCookies);

  async function enter(request: Request, response: Response, next: NextFunction): Promise<void> {
    const visitor = await identify(request, response);
    response.locals["visitor"] = visitor;
    if (request.method === "POST" && !isOwnForm(request, visitor)) answer(response, staleForm());
    else next();
  }

  async function identify(request: Request, response: Response): Promise<Visitor> {
    const { cookie } = request.headers;
    const sessionId = readCookie(cookie, cookies.session.name);
    const session = await readSession(settings.database, settings.secret, sessionId);
    if (session && sessionId !== undefined) {
      if (!isByItself(request)) await noteUse(settings, sessionId);
      return { sessionId, session, csrfToken: session.csrfToken };
    }
    let formId = readCookie(cookie, cookies.form.name);
    if (formId === undefined) {
      formId = createFormId();
      response.append("Set-Cookie", cookies.form.set(formId));
    }
    return { sessionId, session, csrfToken: formTokenOf(settings.secret, formId) };
  }

  function answer(response: Response, given: Answer): void {
    response.set("Cache-Control", "no-store");
    if (given.kind === "redirect") {
      changeSession(response, given);
      response.redirect(303, given.location);
      return;
    }
    if (given.kind === "file") {
      sendFile(response, given);
      return;
    }
    const session = (response.locals["visitor"] as Visitor | undefined)?.session;
    const frame = { session, stylesheet: settings.stylesheet, script: settings.script };
    if (given.kind === "stream") void tell(response, given, frame);
    else response.status(given.status).type("html").send(layout(given, frame));
  }

  function changeSession(response: Response, { session }: Redirect): void {
    if (session?.kind === "begin") {
      response.append("Set-Cookie", cookies.session.set(session.id));
      if (flowOf(response.req) !== undefined) response.append("Set-Cookie", cookies.flow.clear());
    }
    if (session?.kind === "away") response.append("Set-Cookie", cookies.flow.set(session.flow));
    if (session?.kind === "end") forget(response, cookies.session);
  }

  const flowOf = ({ headers }: Request): string | undefined => readCookie(headers.cookie, cookies.flow.name);

  /** The session of a request that has been open for a while, as it stands now. */
  const sessionNow = ({ headers }: Request): Promise<Session | undefined> =>
    readSession(settings.database, settings.secret, readCookie(headers.cookie, cookies.session.name));

  return {
    enter,
    identify,
    answer,
    sessionNow,
    flowOf,
    visitor: (response: Response) => response.locals["visitor"] as Visitor,
  };
}

/** What a browser still has of a session that is over: its cookie, kept pages, what the queue board stores. */
function forget(response: Response, cookie: CookieSpec): void {
  response.append("Set-Cookie", cookie.clear());
  // Not "cookies": browsers would forget those of every other host of the domain too.
  response.set("Clear-Site-Data", '"cache", "storage"');
}

/** An open page asks for news every few seconds, also when nobody sits before it: that is no use of a session. */
function isByItself(request: Request): boolean {
  return wantsStream(request) || request.path.startsWith(`${BOARD_PATH}/api/`);
}

function sendFile(response: Response, { name, type, body }: Download): void {
  response.attachment(name).type(type);
  if (typeof body === "string") response.send(body);
  // Once it has begun it can only be broken off, which a browser shows as a download that failed.
  else void pipeline(Readable.from(body), response).catch(() => undefined);
}

/** Sends the page's beginning, then what it tells as it is told, then its end. */
async function tell(response: Response, { title, section, parts }: Progress, frame: Frame): Promise<void> {
  const marker = "<!--parts-->";
  const whole = page(title, new Html(marker), { ...(section && { section }) });
  const [head = "", tail = ""] = layout(whole, frame).split(marker);
  response.status(200).type("html").write(head);
  for await (const part of parts) response.write(part.text);
  response.end(tail);
}

/** A form is ours when it brings the token; browsers that say where it comes from must not say "elsewhere". */
function isOwnForm(request: Request, { csrfToken }: Visitor): boolean {
  const site = request.get("Sec-Fetch-Site") ?? "same-origin";
  if (site !== "same-origin" && site !== "none") return false;
  const given = (request.body as Record<string, unknown> | undefined)?.["csrf"];
  return isSameToken(typeof given === "string" ? given : null, csrfToken);
}

function staleForm(): Answer {
  const body = html`<h1>${words.expired}</h1>
    <p>${words.sendAgain}</p>
    <p><a class="button quiet" href="/">${texts.common.toOverview}</a></p>`;
  return page(words.formExpired, body, { status: 403 });
}
