/**
 * Which database a page is read from (docs/decisions/0059). Those that may lag are read from the replica, where there is
 * one; but who has just done something sees it done, and nothing is said not to exist by one who may not have heard yet.
 */
import type { Logger } from "../platform/logger.ts";
import type { LaggingReads } from "../store/lagging-reads.ts";
import { noteSessionWrite, type Session } from "../store/sessions.ts";
import type { Html } from "./html.ts";
import type { Answer, Console, MemberVisit } from "./page.ts";
import type { Route } from "./route.ts";

export interface PageReadsDeps {
  readonly console: Console;
  /** Undefined where there is no replica. */
  readonly reads: LaggingReads | undefined;
  readonly logger: Logger;
}

export type AnswerRoute = (route: Route, visit: MemberVisit) => Promise<Answer>;

const NOT_FOUND = 404;

/** @returns a function that lets a route's handler answer, on the database that it may be read from */
export function createPageReads({ console: deps, reads, logger }: PageReadsDeps): AnswerRoute {
  if (reads === undefined) return async (route, visit) => route.handle(visit, deps);

  async function show(route: Route, visit: MemberVisit, lagging: LaggingReads): Promise<Answer> {
    const database = lagging.forReader(visit.session.logPosition);
    const answer = await route.handle(visit, { ...deps, database });
    return answer.kind === "page" && answer.status === NOT_FOUND ? route.handle(visit, deps) : answer;
  }

  /** What was done is done: that the next page may lag is no reason to say that it failed. */
  const note = (session: Session): Promise<void> =>
    deps.database
      .transaction((tx) => noteSessionWrite(tx, session))
      .catch((err: unknown) => logger.warn({ err }, "the pages after a form may lag"));

  async function* noted(parts: AsyncIterable<Html>, session: Session): AsyncGenerator<Html> {
    yield* parts;
    await note(session);
  }

  return async (route, visit) => {
    if (route.mayLag === true) return show(route, visit, reads);
    const answer = await route.handle(visit, deps);
    if (route.method === "get") return answer;
    if (answer.kind === "stream") return { ...answer, parts: noted(answer.parts, visit.session) };
    await note(visit.session);
    return answer;
  };
}
