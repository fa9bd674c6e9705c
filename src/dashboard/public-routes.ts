/** Pages for whoever has not signed in: how to get in, and out again. */
import type { Logger } from "../platform/logger.ts";
import { CALLBACK_PATH, type OidcSignIn } from "./oidc.ts";
import { type Answer, type Console, type PublicVisit, redirect } from "./page.ts";
import { showSignIn, submitSignIn } from "./pages/sign-in.ts";
import { finishOidc, type OidcDeps, startOidc } from "./pages/sign-in-oidc.ts";
import { showWelcome, submitWelcome } from "./pages/welcome.ts";
import { createSignIn, signOut } from "./session.ts";

export interface PublicRoute {
  readonly method: "get" | "post";
  readonly path: string;
  readonly handle: (visit: PublicVisit) => Answer | Promise<Answer>;
}

export interface PublicDeps extends Console {
  readonly logger: Logger;
  /** Undefined where accounts of our own are the only way in. */
  readonly oidc: OidcSignIn | undefined;
}

export function publicRoutes(deps: PublicDeps): readonly PublicRoute[] {
  const { oidc } = deps;
  const signIn = createSignIn(deps);
  return [
    ...(oidc === undefined ? [] : oidcRoutes({ ...deps, oidc })),
    {
      method: "get",
      path: "/sign-in",
      handle: (visit) => (visit.session ? redirect("/") : showSignIn(visit, oidc?.label)),
    },
    { method: "post", path: "/sign-in", handle: (visit) => submitSignIn(visit, signIn, oidc?.label) },
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

function oidcRoutes(deps: OidcDeps): readonly PublicRoute[] {
  return [
    { method: "get", path: "/sign-in/oidc", handle: (visit) => startOidc(visit, deps) },
    { method: "get", path: CALLBACK_PATH, handle: (visit) => finishOidc(visit, deps) },
  ];
}
