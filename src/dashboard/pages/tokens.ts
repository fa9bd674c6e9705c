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
import { connectionCrumbs, connectionPath, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";
import { isLive } from "./door-state.ts";
import { tokenOnce } from "./token-once.ts";

const { common, tokens: words } = texts;

const OVERLAP_HOURS_DEFAULT = 24;
const OVERLAPS_HOURS = [0, 1, OVERLAP_HOURS_DEFAULT, 72, 168] as const;

export async function showRotate(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : rotateForm(visit, connection);
}

function rotateForm(visit: MemberVisit, connection: Connection, wrong?: string): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const { bearerHint } = connection;
  const hasToken = bearerHint !== null;
  const title = hasToken ? words.rotateTitle : words.createTitle;
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${title}</h1>
      <p class="lead">${hasToken ? words.rotateLead(bearerHint) : words.createLead}</p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/rotate">
        ${csrfField(visit)} ${hasToken && overlapField()}
        <div class="actions">
          <button type="submit">${hasToken ? words.rotate : words.create}</button>
          <a class="button quiet" href="${path}">${common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(title, body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}

function overlapField() {
  return html`<div class="field">
    <label for="overlap">${words.oldToken}</label>
    <select id="overlap" name="overlap" aria-describedby="overlap-hint">
      ${OVERLAPS_HOURS.map((hours) =>
        hours === OVERLAP_HOURS_DEFAULT
          ? html`<option value="${hours}" selected>${words.overlaps[hours]}</option>`
          : html`<option value="${hours}">${words.overlaps[hours]}</option>`,
      )}
    </select>
    <p class="hint" id="overlap-hint">${words.oldTokenHint}</p>
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
  if (overlapHours === undefined) return rotateForm(visit, connection, words.wrongOverlap(OVERLAP_HOURS_MAX));
  const { tenantId, id: connectionId } = connection;
  const request = { tenantId, connectionId, secret: deps.secret, ttlDays: deps.tokenTtlDays };
  const actor = visit.session.login;
  const token = await deps.database.transaction(async (tx) => {
    const issued = await rotateToken(tx, request, { overlapHours });
    const subject = words.rotated(issued.hint, overlapHours);
    await recordAudit(tx, [{ tenantId, actor, action: "token.rotated", subject }]);
    return issued;
  });
  const tokens = await listTokens(deps.database, tenantId, connectionId);
  const old = tokens.find(
    (each) => each.kind === "bearer" && each.replacedAt !== null && isLive(each, deps.now()),
  );
  return tokenOnce(deps, {
    kind: "bearer",
    title: words.newToken(connection.tenantName),
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

export async function showRevokeOne(visit: MemberVisit, deps: Console): Promise<Answer> {
  const found = await tokenOf(visit, deps);
  if (found === undefined) return notFound(words.noSuchToken);
  const [connection, token] = found;
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${words.revokeOneHeading(token.hint)}</h1>
      <p class="lead">
        ${words.revokeOneLead(token.lastUsedAt === null ? words.never : time(token.lastUsedAt))}
      </p>
      <form class="actions" method="post" action="${path}/tokens/${token.id}/revoke">
        ${csrfField(visit)}
        <button class="danger" type="submit">${words.revokeOne}</button>
        <a class="button quiet" href="${path}">${common.cancel}</a>
      </form>
    </div>`;
  return page(words.revokeOneTitle, body, { section: "overview" });
}

export async function submitRevokeOne(visit: MemberVisit, deps: Console): Promise<Answer> {
  const found = await tokenOf(visit, deps);
  if (found === undefined) return notFound(words.noSuchToken);
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
    return revokeForm(visit, connection, words.revokeAllUnconfirmed);
  const { tenantId, id, name, tenantSlug } = connection;
  await database.transaction(async (tx) => {
    await revokeTokens(tx, tenantId, id);
    await recordAudit(tx, [{ tenantId, actor: visit.session.login, action: "token.revoked", subject: name }]);
  });
  return redirect(connectionPath(tenantSlug, id));
}

function revokeForm(visit: MemberVisit, connection: Connection, wrong?: string): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${words.revokeAll}</h1>
      <p class="lead">${words.revokeAllLead(connection.tenantName)}</p>
      <p>${words.revokeAllMeans}</p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/revoke">
        ${csrfField(visit)}
        <label class="check">
          <input type="checkbox" name="understood" value="yes" required />
          <span>${words.revokeAllUnderstood(connection.tenantName)}</span>
        </label>
        <div class="actions">
          <button class="danger" type="submit">${words.revokeAll}</button>
          <a class="button quiet" href="${path}">${common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.revokeAll, body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}
