/** What a table of the console's pages is made of. */
import type { Role } from "../store/accounts.ts";
import type { Answer, Console, MemberVisit } from "./page.ts";

interface AnyRoute {
  readonly path: string;
  /** The least role that may. */
  readonly needs: Role;
  readonly handle: (visit: MemberVisit, deps: Console) => Answer | Promise<Answer>;
}

interface PageRoute extends AnyRoute {
  readonly method: "get";
  /**
   * May be some seconds old (docs/decisions/0059): nothing on it is sent back as it stands, as the fields of a form are.
   */
  readonly mayLag?: true;
}

interface FormRoute extends AnyRoute {
  readonly method: "post";
  readonly mayLag?: never;
}

export type Route = PageRoute | FormRoute;
