/** The tokens of a connection: which of them open, until when, and how to replace or end one. */
import type { Token } from "../../store/tenants.ts";
import { ago, date, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayActAs, type MemberVisit } from "../page.ts";
import { badge, connectionPath, emptyState, table } from "../parts.ts";
import { type Door, isLive } from "./door-state.ts";

export function tokensSection(visit: MemberVisit, { connection, tokens, now }: Door): Html {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const mayChange = mayActAs(visit.session.role, "admin");
  const live = tokens.filter((token) => isLive(token, now));
  const rows = tokens.map((token) => [
    html`<code>${token.hint}…</code>`,
    token.kind === "bearer" ? "Bearer token" : "Client secret",
    stateOf(token, now),
    date(token.createdAt),
    token.replacedAt === null || !isLive(token, now)
      ? date(token.expiresAt)
      : html`${time(token.expiresAt)} <span class="muted">(${ago(token.expiresAt, now)})</span>`,
    token.lastUsedAt === null ? "Never" : ago(token.lastUsedAt, now),
    mayChange && isLive(token, now) && live.length > 1
      ? html`<a href="${path}/tokens/${token.id}/revoke">Revoke <span class="unseen">${token.hint}</span></a>`
      : "",
  ]);
  const columns = ["Token", "Kind", "State", "Created", "Expires", "Last used", "Change"].map((label) => ({
    label,
  }));
  return html`<section>
    <h2>Tokens</h2>
    ${
      tokens.length === 0
        ? emptyState("No token yet", "Azure cannot connect without one.")
        : table("Tokens", columns, rows)
    }
    ${
      mayChange &&
      html`<p class="actions">
        <a class="button" href="${path}/rotate">
          ${live.some(({ kind }) => kind === "bearer") ? "Rotate token" : "Create a token"}
        </a>
        <a class="button quiet" href="${path}/oauth">OAuth 2.0</a>
        ${live.length > 0 && html`<a class="button danger" href="${path}/revoke">Revoke all tokens</a>`}
        ${connection.disconnectedAt === null && html`<a class="button danger" href="${path}/disconnect">Disconnect</a>`}
      </p>`
    }
  </section>`;
}

function stateOf(token: Token, now: Date): Html {
  if (token.revokedAt !== null) return badge("idle", "Revoked");
  if (token.expiresAt <= now)
    return token.replacedAt === null ? badge("bad", "Expired") : badge("idle", "Replaced");
  return token.replacedAt === null ? badge("good", "Live") : badge("warn", "Replaced, still works");
}
