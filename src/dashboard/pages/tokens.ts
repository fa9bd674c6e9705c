/** Rotating and revoking a connection's tokens. Each asks once more, because Azure may be cut off until it is told. */
import { recordAudit } from "../../store/audit.ts";
import {
  type Connection,
  listTokens,
  OVERLAP_HOURS_MAX,
  revokeToken,
  revokeTokens,
  rotateToken,
  type Token,
} from "../../store/tenants.ts";
import { time } from "../format.ts";
import { html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  isId,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { connectionPath, crumbs, problem } from "../parts.ts";
import { connectionOf, NO_CONNECTION } from "./connection.ts";
import { isLive } from "./door-state.ts";
import { tokenOnce } from "./token-once.ts";

const OVERLAP_HOURS_DEFAULT = 24;
const OVERLAPS: readonly (readonly [number, string])[] = [
  [0, "It ends at once"],
  [1, "One more hour"],
  [OVERLAP_HOURS_DEFAULT, "One more day"],
  [72, "Three more days"],
  [168, "One more week"],
];

export async function showRotate(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : rotateForm(visit, connection);
}

function rotateForm(visit: MemberVisit, connection: Connection, wrong?: string): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const hasToken = connection.tokenHint !== null;
  const title = hasToken ? "Rotate token" : "Create a token";
  const body = html`${crumbsOf(connection)}
    <div class="medium">
      <h1>${title}</h1>
      ${
        hasToken
          ? html`<p class="lead">
              The connection gets a new token beside <code>${connection.tokenHint}…</code>. Choose for how
              long the old one goes on: until the new one is saved in the Azure portal, Azure uses the old.
            </p>`
          : html`<p class="lead">The connection has no token. The new one is shown once.</p>`
      }
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/rotate">
        ${csrfField(visit)} ${hasToken && overlapField()}
        <div class="actions">
          <button type="submit">${hasToken ? "Rotate now" : "Create token"}</button>
          <a class="button quiet" href="${path}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page(title, body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}

function overlapField() {
  return html`<div class="field">
    <label for="overlap">The old token</label>
    <select id="overlap" name="overlap" aria-describedby="overlap-hint">
      ${OVERLAPS.map(([hours, label]) =>
        hours === OVERLAP_HOURS_DEFAULT
          ? html`<option value="${hours}" selected>${label}</option>`
          : html`<option value="${hours}">${label}</option>`,
      )}
    </select>
    <p class="hint" id="overlap-hint">
      Where the old one may be in wrong hands, let it end at once: a cycle that fails meanwhile is repeated by
      Azure, so nothing is lost.
    </p>
  </div>`;
}

/** @returns undefined for what is no number of hours; where none is said, the old token ends at once */
function overlapIn(form: URLSearchParams): number | undefined {
  const text = form.get("overlap") ?? "0";
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  return hours !== undefined && hours <= OVERLAP_HOURS_MAX ? hours : undefined;
}

export async function submitRotate(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const overlapHours = overlapIn(visit.form);
  if (overlapHours === undefined)
    return rotateForm(visit, connection, `Say for how many hours: ${OVERLAP_HOURS_MAX} at most.`);
  const { tenantId, id: connectionId } = connection;
  const request = { tenantId, connectionId, secret: deps.secret, ttlDays: deps.tokenTtlDays };
  const actor = visit.session.login;
  const token = await deps.database.transaction(async (tx) => {
    const issued = await rotateToken(tx, request, { overlapHours });
    const old = overlapHours === 0 ? "" : `, the old one for ${overlapHours} more hours`;
    await recordAudit(tx, [{ tenantId, actor, action: "token.rotated", subject: `${issued.hint}…${old}` }]);
    return issued;
  });
  const tokens = await listTokens(deps.database, tenantId, connectionId);
  const old = tokens.find((each) => each.replacedAt !== null && isLive(each, deps.now()));
  return tokenOnce(deps, {
    kind: "bearer",
    title: `New token for ${connection.tenantName}`,
    connection,
    token,
    isFirst: false,
    oldEndsAt: old?.expiresAt,
  });
}

async function tokenOf(visit: MemberVisit, deps: Console): Promise<[Connection, Token] | undefined> {
  const connection = await connectionOf(deps.database, visit.params);
  const id = visit.params["token"] ?? "";
  if (connection === undefined || !isId(id)) return undefined;
  const tokens = await listTokens(deps.database, connection.tenantId, connection.id);
  const token = tokens.find((each) => each.id === id && isLive(each, deps.now()));
  return token && [connection, token];
}

const NO_TOKEN = "There is no such token in use";

export async function showRevokeOne(visit: MemberVisit, deps: Console): Promise<Answer> {
  const found = await tokenOf(visit, deps);
  if (found === undefined) return notFound(NO_TOKEN);
  const [connection, token] = found;
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${crumbsOf(connection)}
    <div class="medium">
      <h1>Revoke <code>${token.hint}…</code></h1>
      <p class="lead">
        It ends at once; the other tokens of the connection go on. It was last used
        ${token.lastUsedAt === null ? "never" : time(token.lastUsedAt)}.
      </p>
      <form class="actions" method="post" action="${path}/tokens/${token.id}/revoke">
        ${csrfField(visit)}
        <button class="danger" type="submit">Revoke this token</button>
        <a class="button quiet" href="${path}">Cancel</a>
      </form>
    </div>`;
  return page("Revoke a token", body, { section: "overview" });
}

export async function submitRevokeOne(visit: MemberVisit, deps: Console): Promise<Answer> {
  const found = await tokenOf(visit, deps);
  if (found === undefined) return notFound(NO_TOKEN);
  const [{ tenantId, id: connectionId, tenantSlug }, { id }] = found;
  await deps.database.transaction(async (tx) => {
    const revoked = await revokeToken(tx, { tenantId, connectionId, id });
    const actor = visit.session.login;
    if (revoked)
      await recordAudit(tx, [{ tenantId, actor, action: "token.revoked", subject: `${revoked.hint}…` }]);
  });
  return redirect(connectionPath(tenantSlug, connectionId));
}

export async function showRevoke(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : revokeForm(visit, connection);
}

export async function submitRevoke(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  if (visit.form.get("understood") !== "yes")
    return revokeForm(visit, connection, "Tick the box to confirm that Azure is to be cut off.");
  const { tenantId, id, name, tenantSlug } = connection;
  await database.transaction(async (tx) => {
    await revokeTokens(tx, tenantId, id);
    await recordAudit(tx, [{ tenantId, actor: visit.session.login, action: "token.revoked", subject: name }]);
  });
  return redirect(connectionPath(tenantSlug, id));
}

function revokeForm(visit: MemberVisit, connection: Connection, wrong?: string): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${crumbsOf(connection)}
    <div class="medium">
      <h1>Revoke all tokens</h1>
      <p class="lead">
        Azure is cut off from ${connection.tenantName} at once: every request is answered 401, and after some
        time Azure puts its provisioning into quarantine.
      </p>
      <p>
        Users and groups stay as they are. People who leave are no longer disabled here until a new token is
        set in Azure.
      </p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/revoke">
        ${csrfField(visit)}
        <label class="check">
          <input type="checkbox" name="understood" value="yes" required />
          <span>I understand that provisioning of ${connection.tenantName} stops</span>
        </label>
        <div class="actions">
          <button class="danger" type="submit">Revoke all tokens</button>
          <a class="button quiet" href="${path}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page("Revoke all tokens", body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}

function crumbsOf(connection: Connection) {
  return crumbs([
    ["Overview", "/"],
    [`${connection.tenantName} · ${connection.name}`, connectionPath(connection.tenantSlug, connection.id)],
  ]);
}
