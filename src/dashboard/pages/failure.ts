/** One failure: what Azure sent, which rule it met, whom it collides with, what to do, and what was done about it. */
import { listMenders } from "../../store/account-changes.ts";
import { type FailedWriteWhole, findFailedWrite } from "../../store/failed-writes.ts";
import { type AuditRow, listSubjectAudit } from "../../store/audit.ts";
import { findConnection, findTenant, type Tenant } from "../../store/tenants.ts";
import { shortTime, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { maskRequest, mayReadValues } from "../mask.ts";
import {
  type Answer,
  type Console,
  csrfField,
  isId,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
} from "../page.ts";
import {
  badge,
  connectionPath,
  crumbs,
  cyclePath,
  facts,
  failurePath,
  problem,
  resourcePath,
} from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { causePath } from "./failed-filter.ts";
import { becameOf, detailOf, resultBadge, titleOf } from "./failed-list.ts";

const words = texts.failure;

export const REASON_CHARS_MAX = 300;

export interface FailureAt {
  readonly tenant: Tenant;
  readonly write: FailedWriteWhole;
  readonly path: string;
}

export async function failureOf(
  { params }: Pick<MemberVisit, "params">,
  { database }: Pick<Console, "database">,
): Promise<FailureAt | undefined> {
  const { slug = "", id = "" } = params;
  const tenant = await findTenant(database, slug);
  if (tenant === undefined || !isId(id)) return undefined;
  const write = await findFailedWrite(database, tenant.id, id);
  return write && { tenant, write, path: failurePath(slug, id) };
}

export async function showFailure(visit: MemberVisit, deps: Console): Promise<Answer> {
  const at = await failureOf(visit, deps);
  return at === undefined ? notFound(words.noFailure) : failurePage(visit, deps, at);
}

export async function failurePage(
  visit: MemberVisit,
  { database }: Console,
  at: FailureAt,
  said: { readonly status?: number; readonly problem?: string } = {},
): Promise<Answer> {
  const { tenant, write } = at;
  const mayMend = mayActAs(visit.session.role, "admin");
  const [connection, menders, audit] = await Promise.all([
    findConnection(database, tenant.id, write.connectionId),
    mayMend ? listMenders(database) : [],
    listSubjectAudit(database, { tenantId: tenant.id, subject: write.writeId, limit: 20 }),
  ]);
  const connectionName = connection?.name ?? words.someConnection;
  const title = titleOf(write);
  const showsValues = mayReadValues(visit.session.role);
  const body = html`${crumbs([
      [texts.failed.title, `/failed?tenant=${tenant.slug}`],
      [texts.failed.cause(title, write.code), causePath(write)],
    ])}
    <div class="title-row">
      <h1>${title} <span class="muted">· ${tenant.name}</span></h1>
      ${resultBadge(write.result)}
    </div>
    ${said.problem && problem(said.problem)} ${becameOf(write)} ${retryState(at)}
    <p class="detail">${detailOf(write, showsValues)}</p>
    ${collision(at)} ${advice(write.explanation)}
    ${facts([
      [words.when, time(write.endedAt)],
      [words.answer, `${write.status}${write.scimType === null ? "" : ` ${write.scimType}`}`],
      [words.code, html`<code>${write.code}</code>`],
      [
        words.connection,
        html`<a href="${connectionPath(tenant.slug, write.connectionId)}">${connectionName}</a>`,
      ],
      [
        words.cycle,
        write.cycleId === null
          ? words.none
          : html`<a href="${cyclePath(tenant.slug, write.cycleId)}">${words.showCycle}</a>`,
      ],
      [words.assignedTo, write.assignee ?? words.nobody],
      [words.attempts, write.attempts],
      [words.correlationId, html`<code>${write.correlationId}</code>`],
      ...(write.clientRequestId === null
        ? []
        : ([[words.clientRequestId, html`<code>${write.clientRequestId}</code>`]] as const)),
      [words.resource, resourceLink(at)],
    ])}
    ${mayMend && actions(visit, at, menders)} ${request(at, visit, showsValues)} ${auditSection(audit)}`;
  return page(title, body, { section: "failed", ...(said.status !== undefined && { status: said.status }) });
}

/** What to do, in words. */
export function advice(explanation: FailedWriteWhole["explanation"]): Html | undefined {
  return (
    explanation &&
    html`<section class="card stack">
      <h2>${words.whatToDo}</h2>
      <p>${explanation.meaning}</p>
      <dl class="advice">
        <div>
          <dt>${texts.failed.inAzure}</dt>
          <dd>${explanation.inAzure}</dd>
        </div>
        <div>
          <dt>${texts.failed.here}</dt>
          <dd>${explanation.here}</dd>
        </div>
      </dl>
    </section>`
  );
}

function resourceLink({ tenant, write }: FailureAt): Html | string {
  const { resourceId, resourceType, operation } = write;
  if (resourceId === null) return words.none;
  // What was not created has an id that leads nowhere.
  if (operation === "create") return html`<code>${resourceId}</code>`;
  return html`<a href="${resourcePath(tenant.slug, resourceType, resourceId)}"
    ><code>${resourceId}</code></a
  >`;
}

const MENTIONED = /\b(user|group) ([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/gi;

/** The users and groups that the refusal names, such as the one who holds a userName. */
function collision({ tenant, write }: FailureAt): Html | undefined {
  const mentioned = [...(write.detail ?? "").matchAll(MENTIONED)].filter(
    ([, , id]) => id !== write.resourceId,
  );
  if (mentioned.length === 0) return undefined;
  const whom = mentioned.map(([, type = "", id = ""]) => {
    const resourceType = type.toLowerCase() === "user" ? "User" : "Group";
    const path = resourcePath(tenant.slug, resourceType, id);
    return html`<a href="${path}">${words.kinds[resourceType]} ${id}</a> `;
  });
  return html`<p>${words.collidesWith(whom)}</p>`;
}

function retryState({ tenant, write }: FailureAt): Html | undefined {
  const { retryOf, retriedAs, retryResult } = write;
  const { ofEarlier, underWay, lookAgain, inVain, seeHow, applied } = words.retry;
  const first = retryOf !== null && html`<p>${ofEarlier(failurePath(tenant.slug, retryOf))}</p>`;
  if (retriedAs === null) return first === false ? undefined : first;
  if (retryResult === null)
    return html`${first}
      <p>
        ${badge("idle", underWay)}
        <a href="${failurePath(tenant.slug, write.writeId)}">${lookAgain}</a>
      </p>`;
  if (retryResult === "refused" || retryResult === "fault")
    return html`${first}
      <p>
        ${badge("warn", inVain)}
        <a href="${failurePath(tenant.slug, retriedAs)}">${seeHow}</a>
      </p>`;
  return html`${first}
    <p>${badge("good", applied)}</p>`;
}

function actions(visit: MemberVisit, { write, path }: FailureAt, menders: readonly string[]): Html {
  const isLive = write.state === "open" || write.state === "retried";
  return html`<section class="card stack">
    <h2>${words.mend}</h2>
    ${write.state === "open" && retryForm(visit, write, path)}
    ${
      isLive &&
      html`<form class="actions" method="post" action="${path}/dismiss">
        ${csrfField(visit)}
        <label for="reason">${words.reason}</label>
        <input class="grows" id="reason" name="reason" required maxlength="${REASON_CHARS_MAX}" />
        <button class="quiet" type="submit">${words.dismiss}</button>
      </form>`
    }
    ${
      (write.state === "dismissed" || write.state === "retried") &&
      html`<form class="actions" method="post" action="${path}/reopen">
        ${csrfField(visit)}
        <button class="quiet" type="submit">${words.reopen}</button>
      </form>`
    }
    <form class="actions" method="post" action="${path}/assign">
      ${csrfField(visit)}
      <label for="assignee">${words.assignedTo}</label>
      <select id="assignee" name="assignee">
        <option value="">${words.nobody}</option>
        ${[...new Set([...menders, ...(write.assignee === null ? [] : [write.assignee])])].map((login) =>
          login === write.assignee
            ? html`<option selected>${login}</option>`
            : html`<option>${login}</option>`,
        )}
      </select>
      <button class="quiet" type="submit">${words.assign}</button>
    </form>
    <form class="actions" method="post" action="${path}/note">
      ${csrfField(visit)}
      <label for="note">${words.note}</label>
      <input
        class="grows"
        id="note"
        name="note"
        maxlength="${REASON_CHARS_MAX}"
        value="${write.note ?? ""}"
      />
      <button class="quiet" type="submit">${texts.common.save}</button>
    </form>
    ${write.note !== null && html`<p class="muted small">${words.notedBy(write.notedBy)}</p>`}
  </section>`;
}

function retryForm(visit: MemberVisit, write: FailedWriteWhole, path: string): Html {
  if (!write.isRepeatable) return html`<p class="muted">${words.notRepeatable}</p>`;
  if (write.isOvertaken) return html`<p class="caution">${words.overtaken[write.resourceType]}</p>`;
  return html`<form class="actions" method="post" action="${path}/retry">
    ${csrfField(visit)}
    <button type="submit">${words.retryOne}</button>
    <span class="muted small">${words.retryOneMore}</span>
  </form>`;
}

function request({ write }: FailureAt, visit: MemberVisit, showsValues: boolean): Html {
  const shown = write.request === null ? undefined : maskRequest(write.request, visit.session.role);
  return html`<section>
    <h2>${words.sent}</h2>
    ${
      shown === undefined
        ? html`<p class="muted">${write.operation === "delete" ? words.noBody : words.bodyGone}</p>`
        : html`<pre
              class="scroll"
              tabindex="0"
              role="region"
              aria-label="${words.request}"
            ><code>${JSON.stringify(shown, undefined, 2)}</code></pre>
            ${!showsValues && html`<p class="muted small">${words.valuesHidden}</p>`}`
    }
  </section>`;
}

const ACTIONS: ReadonlyMap<string, string> = new Map(Object.entries(words.actions));

function auditSection(rows: readonly AuditRow[]): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<section>
    <h2>${words.audit}</h2>
    <ul class="plain">
      ${rows.map(({ actor, action, at }) => html`<li>${shortTime(at)} · ${actor} · ${ACTIONS.get(action) ?? action}</li>`)}
    </ul>
  </section>`;
}
