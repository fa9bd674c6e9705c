/** The tokens of a connection: which of them open, until when, and how to replace or end one. */
import type { Token } from "../../store/tenants.ts";
import { ago, date, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayActAs, type MemberVisit } from "../page.ts";
import { badge, connectionPath, emptyState, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { type Door, isLive } from "./door-state.ts";

const words = texts.connection.tokens;

export function tokensSection(visit: MemberVisit, { connection, tokens, now }: Door): Html {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const mayChange = mayActAs(visit.session.role, "admin");
  const live = tokens.filter((token) => isLive(token, now));
  const rows = tokens.map((token) => [
    html`<code>${token.hint}…</code>`,
    words.kinds[token.kind],
    stateOf(token, now),
    date(token.createdAt),
    token.replacedAt === null || !isLive(token, now)
      ? date(token.expiresAt)
      : html`${time(token.expiresAt)} <span class="muted">(${ago(token.expiresAt, now)})</span>`,
    token.lastUsedAt === null ? words.never : ago(token.lastUsedAt, now),
    mayChange && isLive(token, now) && live.length > 1
      ? html`<a href="${path}/tokens/${token.id}/revoke"
          >${words.revoke} <span class="unseen">${token.hint}</span></a
        >`
      : "",
  ]);
  const { token: name, kind, state, created, expires, lastUsed, change } = words;
  const columns = [name, kind, state, created, expires, lastUsed, change].map((label) => ({ label }));
  return html`<section>
    <h2>${words.title}</h2>
    ${tokens.length === 0 ? emptyState(words.none, words.noneMore) : table(words.title, columns, rows)}
    ${
      mayChange &&
      html`<p class="actions">
        <a class="button" href="${path}/rotate">
          ${live.some(({ kind }) => kind === "bearer") ? words.rotate : words.create}
        </a>
        <a class="button quiet" href="${path}/oauth">${words.oauth}</a>
        ${live.length > 0 && html`<a class="button danger" href="${path}/revoke">${words.revokeAll}</a>`}
        ${connection.disconnectedAt === null && html`<a class="button danger" href="${path}/disconnect">${words.disconnect}</a>`}
      </p>`
    }
  </section>`;
}

function stateOf(token: Token, now: Date): Html {
  const { states } = words;
  if (token.revokedAt !== null) return badge("idle", states.revoked);
  if (token.expiresAt <= now)
    return token.replacedAt === null ? badge("bad", states.expired) : badge("idle", states.replaced);
  return token.replacedAt === null ? badge("good", states.live) : badge("warn", states.stillWorks);
}
