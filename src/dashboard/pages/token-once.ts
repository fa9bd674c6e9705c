/** The page that shows a new token: once, as the answer to the post that made it, with what to do in Azure. */
import type { Connection, IssuedToken, TokenKind } from "../../store/tenants.ts";
import { date } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, page, region } from "../page.ts";
import { connectionPath, copyable, facts } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { firstSteps, laterSteps, mappings } from "./azure-steps.ts";
import { doorCard, doorState } from "./door-state.ts";
import { readDoor } from "./read-door.ts";

const words = texts.tokens;

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
        <h2>${words.copyNow}</h2>
        ${facts([
          [words.azure.tenantUrl, copyable("tenant-url", `${deps.publicUrl()}/scim/v2`)],
          ...(isBearer ? [] : clientFacts(deps, connection.id)),
          [
            isBearer ? words.azure.secretToken : words.azure.clientSecret,
            copyable(isBearer ? "secret-token" : "client-secret", token.token),
          ],
          [words.expires, date(token.expiresAt)],
        ])}
        <p class="caution">${isBearer ? words.tokenOnce : words.secretOnce(`${path}/oauth`)}</p>
      </section>
      ${region(live, "door", true)} ${shown.isFirst ? firstSteps(shown.kind) : laterSteps(shown.oldEndsAt)}
      <p><a class="button" href="${path}">${words.copied}</a></p>
      ${isBearer && html`<p class="hint">${words.betterWay(`${path}/oauth`)}</p>`}
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
    [words.azure.tokenEndpoint, copyable("token-endpoint", `${publicUrl()}/oauth2/token`)],
    [words.azure.clientIdentifier, copyable("client-identifier", clientId)],
  ];
}
