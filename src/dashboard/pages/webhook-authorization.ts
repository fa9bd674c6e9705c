/** What a receiver that is sent tokens wants to be shown; of the others nothing is said. */
import { wrongAuthorization } from "../../store/endpoint-authorization.ts";
import type { WebhookEndpoint } from "../../store/webhook-endpoints.ts";
import { field } from "../forms.ts";
import { type Html, html } from "../html.ts";
import { csrfField, type MemberVisit } from "../page.ts";
import { texts } from "../texts/texts.ts";

const words = texts.webhookAuthorization;
const CHARS_MAX = 4_000;

export function authorizationFacts(endpoint: WebhookEndpoint): readonly (readonly [string, string])[] {
  if (!isShownOne(endpoint)) return [];
  return [[words.label, endpoint.hasAuthorization ? words.ofReceiver : words.ofSecret]];
}

export function authorizationForm(visit: MemberVisit, endpoint: WebhookEndpoint, path: string): Html | false {
  if (!isShownOne(endpoint)) return false;
  return html`<form class="card stack medium" method="post" action="${path}/authorization">
    ${csrfField(visit)}
    ${field({ name: "authorization", label: words.label, charsMax: CHARS_MAX, hint: words.hint })}
    <div class="actions"><button class="quiet" type="submit">${words.set}</button></div>
  </form>`;
}

/** In the form of a new endpoint. */
export function authorizationField(): Html {
  return field({ name: "authorization", label: words.label, charsMax: CHARS_MAX, hint: words.hintOfNew });
}

/** @returns what is wrong with the header that a new endpoint is to have, where something is */
export function authorizationFault(value: string | null, isSentTokens: boolean): string | undefined {
  if (value === null) return undefined;
  if (!isSentTokens) return words.ofNone;
  const wrong = wrongAuthorization(value);
  return wrong === undefined ? undefined : words.wrongOfNew(wrong);
}

function isShownOne({ format, delivery }: WebhookEndpoint): boolean {
  return format !== "json" && delivery === "push";
}
