/**
 * A small HR product as a customer of Rollcall would write it: a sign-in page, a session, and Rollcall as the only source
 * of who may use it. A real one checks a password or an identity provider's token first; this one believes the address.
 */
import { randomBytes } from "node:crypto";
import express, { type Express, type Request, type Response } from "express";
import { Webhook } from "standardwebhooks";
import {
  type LoginAnswer,
  type LoginReason,
  loginGuard,
  type RollcallClient,
} from "../../src/client/index.ts";
import { homePage, page, type Session, signInPage } from "./pages.ts";

const COOKIE = "demo_session";

/** What a person who is turned away can do about it. */
const HELP: Readonly<Record<LoginReason, string>> = {
  active: "",
  exempt: "",
  not_provisioned:
    "Your company has not given you access yet. Ask your IT department to assign you to this product.",
  deactivated:
    "Your company has ended your access. If that is a mistake, your IT department can give it back.",
  ambiguous: "Two accounts have this address. Ask your IT department which one is yours.",
  not_activated: "Your company has not connected its directory to this product yet.",
  unreachable: "We cannot check your access at the moment. Please try again in a minute.",
};

/** @param webhookSecret - of an endpoint at /hooks/rollcall, in whose messages what is kept of a user is forgotten */
export function createDemoProduct(rollcall: RollcallClient, webhookSecret?: string): Express {
  const sessions = new Map<string, Session>();
  const app = express();
  app.disable("x-powered-by");
  app.use(express.urlencoded({ extended: false }));

  // A signature is of the body as it came, so nothing may parse it before.
  app.post("/hooks/rollcall", express.text({ type: "application/json" }), (request, response) => {
    const event = verified(request, webhookSecret);
    if (event?.subject.type === "User") rollcall.forget(event.subject.id);
    response.status(event === undefined ? 400 : 204).end();
  });

  // Every request of a session is checked, so that it ends when the access does.
  app.use(
    loginGuard<Request, Response>(rollcall, {
      person: (request) => {
        const session = sessions.get(sessionIdOf(request));
        return session && { userName: session.userName };
      },
      refuse: (answer, request, response) => {
        sessions.delete(sessionIdOf(request));
        turnAway(answer, response.clearCookie(COOKIE));
      },
    }),
  );

  app.get("/", (request, response) => {
    const session = sessions.get(sessionIdOf(request));
    response.send(session ? homePage(session) : signInPage());
  });

  app.post("/sign-in", async (request, response) => {
    const { userName = "" } = request.body as { userName?: string };
    const answer = await rollcall.mayLogIn({ userName: userName.trim() || "nobody" });
    if (!answer.allowed) {
      turnAway(answer, response);
      return;
    }
    const id = randomBytes(32).toString("base64url");
    sessions.set(id, { userName: userName.trim(), roles: answer.roles ?? [] });
    response.cookie(COOKIE, id, { httpOnly: true, sameSite: "lax" }).redirect(303, "/");
  });

  app.post("/sign-out", (request, response) => {
    sessions.delete(sessionIdOf(request));
    response.clearCookie(COOKIE).redirect(303, "/");
  });

  // Asked by the open page every half second: the guard above has the answer.
  app.get("/session", (request, response) => {
    response.status(sessions.has(sessionIdOf(request)) ? 204 : 401).end();
  });
  return app;
}

function sessionIdOf(request: Request): string {
  return new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? "")?.[1] ?? "";
}

/** A message of version 2, which new webhooks are told; undefined where the signature is not Rollcall's. */
function verified(
  { body, headers }: Request,
  secret: string | undefined,
): { readonly subject: { readonly type: string; readonly id: string } } | undefined {
  if (secret === undefined) return undefined;
  try {
    return new Webhook(secret).verify(String(body), headers as Record<string, string>) as ReturnType<
      typeof verified
    >;
  } catch {
    return undefined;
  }
}

function turnAway({ reason }: LoginAnswer, response: Response): void {
  response
    .status(403)
    .send(
      page("No access", `<p role="alert">${HELP[reason]}</p><p><a href="/">Sign in as somebody else</a></p>`),
    );
}
