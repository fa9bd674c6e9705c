/**
 * What is answered where a request goes no further: sign in first, you may not, that cannot be read. Whoever is signed
 * in and asks for more than the role allows is logged, by the account's id: a login may be somebody's address.
 */
import type { Request } from "express";
import type { Logger } from "../platform/logger.ts";
import type { Session } from "../store/sessions.ts";
import { html } from "./html.ts";
import { type Answer, page, redirect } from "./page.ts";
import type { Route } from "./route.ts";
import { texts } from "./texts/texts.ts";

const words = texts.frame;
const ROLES = texts.common.roles;

export function askToSignIn(request: Request): Answer {
  const wanted = request.method === "GET" ? request.originalUrl : "/";
  return redirect(wanted === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(wanted)}`);
}

/** Tells somebody that the role is not enough, and the log that it was tried. */
export function roleMissing(logger: Logger, { role, id }: Session, { method, path, needs }: Route): Answer {
  logger.info({ accountId: id, role, needs, method, route: path }, "refused: the role does not allow it");
  return forbidden(words.roleMissing(ROLES[role], ROLES[needs]));
}

/** Tells somebody that the queues are not changed here, and the log that it was tried. */
export function boardIsReadOnly(logger: Logger, { role, id }: Session, { method }: Request): Answer {
  logger.info({ accountId: id, role, method, route: "/queues" }, "refused: the queue board changes nothing");
  return forbidden(words.boardIsReadOnly);
}

export function forbidden(why: string): Answer {
  const body = html`<h1>${words.notAllowed}</h1>
    <p>${why}</p>
    <p><a class="button quiet" href="/">${texts.common.toOverview}</a></p>`;
  return page(words.notAllowed, body, { status: 403 });
}

const TOO_LARGE = 413;

export function unreadable(status: number): Answer {
  const advice = status === TOO_LARGE ? words.tooLarge : words.malformed;
  const body = html`<h1>${words.unreadable}</h1>
    <p>${words.nothingChanged(advice)}</p>
    <p><a class="button quiet" href="/">${texts.common.toOverview}</a></p>`;
  return page(words.badRequest, body, { status });
}
