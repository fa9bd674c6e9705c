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
import { type Html, html } from "../html.ts";
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
import { badge, emptyState, problem, resourcePath, table } from "../parts.ts";
import { stateOf } from "./gate.ts";
import { importForm, PREPARATION_PATH } from "./preparation-import.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const SHOWN = 100;
const PAGE = 1_000;

/** What each state means, and whether who is in it keeps access. */
const STATES: Readonly<
  Record<MatchState, readonly [tone: "good" | "warn" | "bad", label: string, means: string]>
> = {
  matched: ["good", "Matched", "One active user of the directory is this person."],
  deactivated: ["bad", "Deactivated", "One user is this person, and is deactivated."],
  unmatched: ["bad", "Unmatched", "The directory has nobody like this yet."],
  ambiguous: [
    "warn",
    "Ambiguous",
    "Several users of the directory fit; give the product's person an externalId.",
  ],
  duplicate: ["warn", "Duplicate", "Several of the product's people have this name or address."],
  incomplete: ["bad", "Incomplete", "There is no userName, e-mail or externalId to match by."],
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
  if (!isUnderstood(visit))
    return preparationPage(visit, deps, "Tick the box to confirm that the people are to be forgotten.");
  await database.transaction(async (tx) => {
    const people = await forgetExistingUsers(tx, tenant.id);
    const entry = { tenantId: tenant.id, actor: visit.session.login, subject: `${String(people)} people` };
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
  const body = html`${tenantHead(visit, tenant, PREPARATION_PATH)}
    <h2>People from before</h2>
    <p class="lead">
      Tell whom the product knew before the directory was connected. The identity provider then adopts them
      instead of making twins, and it is known who would be turned away before anybody is.
    </p>
    ${wrong !== undefined && problem(wrong)} ${summary.total > 0 && tiles(tenant, summary)}
    <section class="card stack">
      <p>
        ${stateOf(gate, now())} <a href="/tenants/${tenant.slug}/gate">Set when it closes, or take it back</a>
      </p>
      ${
        summary.wouldLoseAccess > 0 &&
        html`<p>
          Once it is closed, <strong>${count(summary.wouldLoseAccess)}</strong> of ${count(summary.total)}
          people lose access. After the initial cycle the numbers are final: each cycle's end renews them.
        </p>`
      }
    </section>
    ${listSection(tenant, { users, state, total: summary.total, mayAct })}
    ${
      mayAct &&
      html`<section>
        <h2>Import</h2>
        ${importForm(visit, tenant)}
      </section>`
    }
    ${mayAct && summary.total > 0 && afterwards(visit, tenant, summary)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · People from before`, body, { status, section: "overview" });
}

function tiles({ slug }: Tenant, summary: MatchSummary): Html {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  return html`<ul class="tiles" aria-label="Summary">
    <li><span class="figure">${count(summary.total)}</span> <a href="${path}">people</a></li>
    <li><span class="figure">${count(summary.adopted)}</span> adopted</li>
    ${MATCH_STATES.filter((state) => summary[state] > 0 || state === "matched").map((state) => {
      const [tone, label] = STATES[state];
      const figure = html`<span class="figure ${tone === "good" ? "" : "warn"}"
        >${count(summary[state])}</span
      >`;
      return html`<li>${figure} <a href="${path}?state=${state}">${label.toLowerCase()}</a></li>`;
    })}
    <li><span class="figure">${count(summary.withoutEmail)}</span> without e-mail</li>
  </ul>`;
}

interface Listed {
  /** One more than is shown, where there are more. */
  readonly users: readonly MatchedUser[];
  readonly state: MatchState | undefined;
  readonly total: number;
  readonly mayAct: boolean;
}

function listSection({ slug }: Tenant, { users, state, total, mayAct }: Listed): Html {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  if (total === 0)
    return emptyState(
      "Nobody yet",
      "Import a file below, or let the product tell by its API: PUT /v1/existing-users.",
    );
  const shown = users.slice(0, SHOWN);
  const rows = shown.map(({ id, userName, email, externalId, displayName, ...user }) => [
    html`<code>${id}</code>`,
    html`${userName ?? displayName ?? ""}${userName !== null && displayName !== null && html`<br />${displayName}`}`,
    email ?? "",
    externalId === null ? "" : html`<code>${externalId}</code>`,
    badge(STATES[user.state][0], STATES[user.state][1]),
    user.userId !== null &&
      html`<a href="${resourcePath(slug, "User", user.userId)}"
          >${user.matchedBy === "adopted" ? "Adopted" : `By ${user.matchedBy ?? "match"}`}</a
        >
        ${user.adoptedAt && shortTime(user.adoptedAt)}`,
  ]);
  const query = state === undefined ? "" : `&state=${state}`;
  const next = users.length > SHOWN ? shown.at(-1)?.id : undefined;
  const labels = ["Product's id", "Name", "E-mail", "externalId", "State", "User"];
  return html`<section>
    <h2>${state === undefined ? "Everybody" : STATES[state][1]}</h2>
    ${state !== undefined && html`<p>${STATES[state][2]} <a href="${path}">Show everybody</a></p>`}
    ${
      shown.length === 0
        ? emptyState("Nobody", "No one is in this state.")
        : table(
            "People from before",
            labels.map((label) => ({ label })),
            rows,
          )
    }
    <p class="actions">
      ${next !== undefined && html`<a class="button quiet" href="${path}?after=${encodeURIComponent(next)}${query}">Next</a>`}
      ${mayAct && html`<a href="${path}/people.csv${state === undefined ? "" : `?state=${state}`}">Download as CSV</a>`}
    </p>
  </section>`;
}

function afterwards(visit: MemberVisit, { slug }: Tenant, { total }: MatchSummary): Html {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  return html`<section>
    <h2>Afterwards</h2>
    <div class="actions">${postButton(visit, `${path}/match`, "Match again now", { kind: "quiet" })}</div>
    <form class="card stack medium" method="post" action="${path}/forget">
      ${csrfField(visit)}
      <p>Forgetting the people leaves the directory and the gate as they are; who was adopted stays.</p>
      ${understood(`I understand that ${count(total)} people are no longer offered nor reported`)}
      <div class="actions"><button class="danger" type="submit">Forget them</button></div>
    </form>
  </section>`;
}
