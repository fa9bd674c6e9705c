/** What the receiver of one endpoint must be told, and which version of messages it is told. */
import { PAYLOAD_VERSIONS } from "../../store/event-messages.ts";
import type { WebhookEndpoint } from "../../store/webhook-endpoints.ts";
import { choices } from "../forms.ts";
import { ago } from "../format.ts";
import { type Html, html } from "../html.ts";
import { csrfField, type MemberVisit } from "../page.ts";
import { texts } from "../texts/texts.ts";

const words = texts.webhook;

/** What a receiver of tokens must be told. */
export function receiverFacts(
  { id, format, delivery, audience, polledAt }: WebhookEndpoint,
  { publicUrl, issuer, now }: { readonly publicUrl: string; readonly issuer: string; readonly now: Date },
): readonly (readonly [string, Html | string])[] {
  if (format === "json") return [];
  const code = (text: string): Html => html`<code class="wraps">${text}</code>`;
  return [
    [words.issuer, code(issuer)],
    [words.audience, code(audience ?? "")],
    [words.keySet, code(`${publicUrl}/.well-known/jwks.json`)],
    ...(delivery === "poll"
      ? [
          [words.pollBy, code(`${publicUrl}/v1/security-events/${id}`)] as const,
          [words.lastAsked, polledAt === null ? words.never : ago(polledAt, now)] as const,
        ]
      : []),
  ];
}

/** Nothing for tokens, which have no version. */
export function versionForm(
  visit: MemberVisit,
  { format, payloadVersion }: WebhookEndpoint,
  path: string,
): Html | false {
  if (format !== "json") return false;
  return html`<form class="card stack medium" method="post" action="${path}/version">
    ${csrfField(visit)}
    ${choices({
      ...{ name: "version", label: words.version, chosen: String(payloadVersion) },
      options: PAYLOAD_VERSIONS.map((version) => [String(version), words.versions[version]]),
      hint: words.versionHint,
    })}
    <div class="actions"><button class="quiet" type="submit">${words.changeVersion}</button></div>
  </form>`;
}
