/** Preparation: whom the product knew before, who of them the directory has, and who would lose access. */
import { csvLine } from "../../platform/csv.ts";
import { recordAudit } from "../../store/audit.ts";
import type { DatabasePool } from "../../store/database.ts";
import {
  forgetExistingUsers,
  listExistingUsers,
  MATCH_STATES,
  matchExistingUsers,
  type MatchedUser,
  type MatchState,
  type MatchSummary,
  summarizeExistingUsers,
} from "../../store/existing-users.ts";
import { readLoginGate } from "../../store/login-gates.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { isUnderstood, postButton, understood } from "../forms.ts";
import { count, shortTime } from "../format.ts";
import { type Html, html, type HtmlValue } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import {
  type Answer,
  type Console,
  csrfField,
  file,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { badge, emptyState, problem, resourcePath, table, type Tone } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { stateOf } from "./gate.ts";
import { importForm, PREPARATION_PATH } from "./preparation-import.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const words = texts.preparation;

const SHOWN = 100;
const PAGE = 1_000;

/** Whether who is in a state keeps access. */
const TONES: Readonly<Record<MatchState, Tone>> = {
  matched: "good",
  deactivated: "bad",
  unmatched: "bad",
  ambiguous: "warn",
  duplicate: "warn",
  incomplete: "bad",
};

export async function showPreparation(visit: MemberVisit, deps: Console): Promise<Answer> {
  return preparationPage(visit, deps);
}

/** Matches anew with the directory as it is. */
export async function submitMatching(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  await database.transaction((tx) => matchExistingUsers(tx, tenant.id));
  return redirect(`/tenants/${tenant.slug}${PREPARATION_PATH}`);
}

export async function submitForget(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  if (!isUnderstood(visit)) return preparationPage(visit, deps, words.forgetUnconfirmed);
  await database.transaction(async (tx) => {
    const people = await forgetExistingUsers(tx, tenant.id);
    const entry = { tenantId: tenant.id, actor: visit.session.login, subject: words.forgotten(people) };
    await recordAudit(tx, [{ ...entry, action: "existing_users.forgotten" }]);
  });
  return redirect(`/tenants/${tenant.slug}${PREPARATION_PATH}`);
}

/** All of a state, for whoever decides about them. */
export async function downloadPreparation(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const state = stateIn(visit);
  const heading = [
    "id",
    "userName",
    "email",
    "externalId",
    "displayName",
    "state",
    "matchedBy",
    "userId",
  ] as const;
  const users = await readAll(database, tenant.id, state);
  const rows = users.map((user) => heading.map((name) => user[name]));
  return file(
    `${tenant.slug}-${state ?? "people"}.csv`,
    "text/csv",
    [heading, ...rows].map(csvLine).join(""),
  );
}

async function readAll(
  db: DatabasePool,
  tenantId: string,
  state: MatchState | undefined,
): Promise<readonly MatchedUser[]> {
  const users: MatchedUser[] = [];
  const states = state === undefined ? [] : [state];
  for (;;) {
    const after = users.at(-1)?.id ?? "";
    const found = await listExistingUsers(db, { tenantId, states, after, limit: PAGE });
    users.push(...found);
    if (found.length < PAGE) return users;
  }
}

function stateIn({ query }: MemberVisit): MatchState | undefined {
  return MATCH_STATES.find((state) => state === query.get("state"));
}

async function preparationPage(visit: MemberVisit, deps: Console, wrong?: string): Promise<Answer> {
  const { database, now } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const state = stateIn(visit);
  const after = visit.query.get("after") ?? "";
  const states = state === undefined ? [] : [state];
  const [summary, gate, users] = await Promise.all([
    summarizeExistingUsers(database, tenant.id),
    readLoginGate(database, tenant.id),
    listExistingUsers(database, { tenantId: tenant.id, states, after, limit: SHOWN + 1 }),
  ]);
  const mayAct = mayActAs(visit.session.role, "admin");
  const showsValues = mayReadValues(visit.session.role);
  const body = html`${tenantHead(visit, tenant, PREPARATION_PATH)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)} ${summary.total > 0 && tiles(tenant, summary)}
    <section class="card stack">
      <p>${stateOf(gate, now())} <a href="/tenants/${tenant.slug}/gate">${words.setGate}</a></p>
      ${
        summary.wouldLoseAccess > 0 &&
        html`<p>${words.loseAccess(summary.wouldLoseAccess, summary.total)}</p>`
      }
    </section>
    ${listSection(tenant, { users, state, total: summary.total, showsValues })}
    ${
      mayAct &&
      html`<section>
        <h2>${words.importing}</h2>
        ${importForm(visit, tenant)}
      </section>`
    }
    ${mayAct && summary.total > 0 && afterwards(visit, tenant, summary)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

function tiles({ slug }: Tenant, summary: MatchSummary): Html {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  return html`<ul class="tiles" aria-label="${words.summary}">
    <li><span class="figure">${count(summary.total)}</span> <a href="${path}">${words.people}</a></li>
    <li><span class="figure">${count(summary.adopted)}</span> ${words.adoptedPeople}</li>
    ${MATCH_STATES.filter((state) => summary[state] > 0 || state === "matched").map((state) => {
      const figure = html`<span class="figure ${TONES[state] === "good" ? "" : "warn"}"
        >${count(summary[state])}</span
      >`;
      return html`<li>
        ${figure} <a href="${path}?state=${state}">${words.inLine(words.states[state].label)}</a>
      </li>`;
    })}
    <li><span class="figure">${count(summary.withoutEmail)}</span> ${words.withoutEmail}</li>
  </ul>`;
}

interface Listed {
  /** One more than is shown, where there are more. */
  readonly users: readonly MatchedUser[];
  readonly state: MatchState | undefined;
  readonly total: number;
  /** Whether the reader's role may see people's values, here and as a file. */
  readonly showsValues: boolean;
}

function listSection({ slug }: Tenant, { users, state, total, showsValues }: Listed): Html {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  if (total === 0) return emptyState(words.nobodyYet, words.nobodyYetHint);
  const shown = users.slice(0, SHOWN);
  const rows = shown.map((user) => rowOf(slug, showsValues ? user : withoutValues(user)));
  const query = state === undefined ? "" : `&state=${state}`;
  const next = users.length > SHOWN ? shown.at(-1)?.id : undefined;
  const columns = words.columns.map((label) => ({ label }));
  const { label, means } = state === undefined ? { label: words.everybody, means: "" } : words.states[state];
  return html`<section>
    <h2>${label}</h2>
    ${state !== undefined && html`<p>${means} <a href="${path}">${words.showEverybody}</a></p>`}
    ${shown.length === 0 ? emptyState(words.nobody, words.nobodyHint) : table(words.title, columns, rows)}
    <p class="actions">
      ${next !== undefined && html`<a class="button quiet" href="${path}?after=${encodeURIComponent(next)}${query}">${words.next}</a>`}
      ${showsValues && html`<a href="${path}/people.csv${state === undefined ? "" : `?state=${state}`}">${words.download}</a>`}
    </p>
  </section>`;
}

function rowOf(slug: string, user: MatchedUser): readonly HtmlValue[] {
  const { id, userName, email, externalId, displayName, userId, matchedBy, adoptedAt } = user;
  return [
    html`<code>${id}</code>`,
    html`${userName ?? displayName ?? ""}${userName !== null && displayName !== null && html`<br />${displayName}`}`,
    email ?? "",
    externalId === null ? "" : html`<code>${externalId}</code>`,
    badge(TONES[user.state], words.states[user.state].label),
    userId !== null &&
      html`<a href="${resourcePath(slug, "User", userId)}"
          >${matchedBy === "adopted" ? words.adopted : words.matchedBy(matchedBy)}</a
        >
        ${adoptedAt && shortTime(adoptedAt)}`,
  ];
}

/** For those who only look: people by their userName, as everywhere. */
function withoutValues(user: MatchedUser): MatchedUser {
  return { ...user, email: null, externalId: null, displayName: null };
}

function afterwards(visit: MemberVisit, { slug }: Tenant, { total }: MatchSummary): Html {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  return html`<section>
    <h2>${words.afterwards}</h2>
    <div class="actions">${postButton(visit, `${path}/match`, words.matchAgain, { kind: "quiet" })}</div>
    <form class="card stack medium" method="post" action="${path}/forget">
      ${csrfField(visit)}
      <p>${words.forgetLead}</p>
      ${understood(words.forgetUnderstood(total))}
      <div class="actions"><button class="danger" type="submit">${words.forget}</button></div>
    </form>
  </section>`;
}
