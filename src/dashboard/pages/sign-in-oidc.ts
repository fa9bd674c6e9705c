/** Signing in by the operator's OpenID provider: away to it, and back. */
import { newId } from "../../platform/ids.ts";
import type { Logger } from "../../platform/logger.ts";
import { takeOidcAccount } from "../../store/account-oidc.ts";
import { html } from "../html.ts";
import type { OidcSignIn } from "../oidc.ts";
import { type Answer, type Console, page, type PublicVisit, redirect } from "../page.ts";
import { beginSession } from "../session.ts";
import { texts } from "../texts/texts.ts";
import { ownPath } from "./sign-in.ts";

const words = texts.signIn;

export interface OidcDeps extends Console {
  readonly oidc: OidcSignIn;
  readonly logger: Logger;
}

export async function startOidc({ query }: PublicVisit, { oidc, logger }: OidcDeps): Promise<Answer> {
  try {
    const { location, flow } = await oidc.begin(ownPath(query.get("next")));
    return redirect(location, { kind: "away", flow });
  } catch (err) {
    return failed(err, logger, 503);
  }
}

export async function finishOidc(visit: PublicVisit, deps: OidcDeps): Promise<Answer> {
  const { oidc, logger, database } = deps;
  try {
    const { person, next } = await oidc.end(visit.query, visit.flow);
    const account = await database.transaction((tx) => takeOidcAccount(tx, person));
    if (account === undefined) return noRole(person.name);
    return redirect(ownPath(next), { kind: "begin", id: await beginSession(deps, account, visit.client) });
  } catch (err) {
    return failed(err, logger, 401);
  }
}

function noRole(name: string): Answer {
  const body = html`<div class="narrow">
    <h1>${words.noAccess}</h1>
    <p>${words.noAccessMeans(name)}</p>
    <p><a href="/sign-in">${words.backToSignIn}</a></p>
  </div>`;
  return page(words.noAccess, body, { status: 403 });
}

/** The provider's words are for the log: they may say more than a stranger should read. */
function failed(err: unknown, logger: Logger, status: number): Answer {
  const correlationId = newId();
  logger.warn({ err, correlationId }, "a sign-in by OpenID failed");
  const body = html`<div class="narrow">
    <h1>${words.failed}</h1>
    <p>${words.failedMeans(correlationId)}</p>
    <p><a href="/sign-in">${words.tryAgain}</a></p>
  </div>`;
  return page(words.failedTitle, body, { status });
}
