/** The page that shows a new token: once, as the answer to the post that made it, with what to do in Azure. */
import type { Connection, IssuedToken, TokenKind } from "../../store/tenants.ts";
import { date } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, page, region } from "../page.ts";
import { connectionPath, copyable, facts } from "../parts.ts";
import { firstSteps, laterSteps, mappings } from "./azure-steps.ts";
import { doorCard, doorState } from "./door-state.ts";
import { readDoor } from "./read-door.ts";

export interface TokenOnce {
  readonly title: string;
  readonly connection: Connection;
  readonly token: IssuedToken;
  readonly kind: TokenKind;
  /** False when a connection that is set up already only needs the new token. */
  readonly isFirst: boolean;
  /** When the token that this one replaces ends; undefined where it has ended. */
  readonly oldEndsAt?: Date | undefined;
}

export async function tokenOnce(deps: Console, shown: TokenOnce): Promise<Answer> {
  const { connection, token } = shown;
  const path = connectionPath(connection.tenantSlug, connection.id);
  const isBearer = shown.kind === "bearer";
  // The connection's page goes on to tell whether Azure gets in, while this one stands.
  const live = { regions: { door: doorCard(doorState(await readDoor(deps, connection))) }, at: path };
  const body = html`<div class="medium">
      <h1>${shown.title}</h1>
      <section class="card stack secret">
        <h2>Copy these into Azure now</h2>
        ${facts([
          ["Tenant URL", copyable("tenant-url", `${deps.publicUrl()}/scim/v2`)],
          ...(isBearer ? [] : clientFacts(deps, connection.id)),
          [
            isBearer ? "Secret Token" : "Client Secret",
            copyable(isBearer ? "secret-token" : "client-secret", token.token),
          ],
          ["Expires", date(token.expiresAt)],
        ])}
        <p class="caution">
          <strong>The ${isBearer ? "token" : "secret"} is shown this once.</strong> Only its hash is stored;
          if it is lost,
          ${isBearer ? "rotate it" : html`make another on the page <a href="${path}/oauth">OAuth 2.0</a>`} and
          paste the new one into Azure. A click selects the whole value.
        </p>
      </section>
      ${region(live, "door", true)} ${shown.isFirst ? firstSteps(shown.kind) : laterSteps(shown.oldEndsAt)}
      <p><a class="button" href="${path}">I have copied it — open the connection</a></p>
      ${
        isBearer &&
        html`<p class="hint">
          Azure's gallery no longer takes long-lived tokens; an application of your own still does. The better
          way for both: <a href="${path}/oauth">OAuth 2.0 or federation</a>.
        </p>`
      }
    </div>
    ${shown.isFirst && mappings()}`;
  return page(shown.title, body, { section: "overview", live });
}

/** What Azure's form for the OAuth 2.0 client credentials grant asks beside the secret, by its own names. */
export function clientFacts(
  { publicUrl }: Pick<Console, "publicUrl">,
  clientId: string,
): readonly (readonly [string, Html])[] {
  return [
    ["Token Endpoint", copyable("token-endpoint", `${publicUrl()}/oauth2/token`)],
    ["Client Identifier", copyable("client-identifier", clientId)],
  ];
}
