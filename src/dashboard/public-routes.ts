/** Pages for whoever has not signed in: how to get in, and out again. */
import type { Session } from "../store/sessions.ts";
import { type Answer, type Console, redirect, type Visit } from "./page.ts";
import { showSignIn, submitSignIn } from "./pages/sign-in.ts";
import { showWelcome, submitWelcome } from "./pages/welcome.ts";
import { createSignIn, signOut } from "./session.ts";

export interface PublicVisit extends Visit {
  readonly session: Session | undefined;
  /** What the browser holds. */
  readonly sessionId: string | undefined;
}

export interface PublicRoute {
  readonly method: "get" | "post";
  readonly path: string;
  readonly handle: (visit: PublicVisit) => Answer | Promise<Answer>;
}

export function publicRoutes(deps: Console): readonly PublicRoute[] {
  const signIn = createSignIn(deps);
  return [
    {
      method: "get",
      path: "/sign-in",
      handle: (visit) => (visit.session ? redirect("/") : showSignIn(visit)),
    },
    { method: "post", path: "/sign-in", handle: (visit) => submitSignIn(visit, signIn) },
    {
      method: "post",
      path: "/sign-out",
      async handle({ session, sessionId }) {
        if (session && sessionId !== undefined)
          await signOut(deps.database, deps.secret, { session, sessionId });
        return redirect("/sign-in", { kind: "end" });
      },
    },
    { method: "get", path: "/welcome", handle: (visit) => showWelcome(visit, deps) },
    { method: "post", path: "/welcome", handle: (visit) => submitWelcome(visit, deps) },
  ];
}
