/** The keys by which a tenant's product asks: shown once when they are made, listed, revoked. */
import { recordAudit } from "../../store/audit.ts";
import {
  issueProductKey,
  listProductKeys,
  type ProductKey,
  revokeProductKey,
} from "../../store/product-keys.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { field, isUnderstood, understood } from "../forms.ts";
import { ago, date } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { badge, crumbs, emptyState, facts, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const { common, productKeys: words } = texts;

const PATH = "/keys";
const NAME_CHARS_MAX = 100;
const DAYS_MAX = 36_500;

export async function showProductKeys(visit: MemberVisit, deps: Console): Promise<Answer> {
  return keysPage(visit, deps);
}

export async function submitProductKey(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database, secret } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const name = (visit.form.get("name") ?? "").trim();
  const days = (visit.form.get("days") ?? "").trim();
  const ttlDays = days === "" ? undefined : Number(days);
  if (name === "" || name.length > NAME_CHARS_MAX) return keysPage(visit, deps, words.noName);
  if (ttlDays !== undefined && !(Number.isInteger(ttlDays) && ttlDays >= 1 && ttlDays <= DAYS_MAX))
    return keysPage(visit, deps, words.wrongDays(DAYS_MAX));
  const tenantId = tenant.id;
  const issued = await database.transaction(async (tx) => {
    const made = await issueProductKey(tx, { tenantId, name, secret, ttlDays });
    const subject = `${made.hint}… ${name}`;
    await recordAudit(tx, [{ tenantId, actor: visit.session.login, action: "product_key.created", subject }]);
    return made;
  });
  return keyOnce(tenant, issued.key, deps);
}

export async function showKeyRevoke(visit: MemberVisit, deps: Console): Promise<Answer> {
  return onKey(visit, deps, (tenant, key) => revokeForm(visit, tenant, key));
}

export async function submitKeyRevoke(visit: MemberVisit, deps: Console): Promise<Answer> {
  return onKey(visit, deps, async (tenant, key) => {
    if (!isUnderstood(visit)) return revokeForm(visit, tenant, key, words.revokeUnconfirmed);
    const { id: tenantId, slug } = tenant;
    await deps.database.transaction(async (tx) => {
      if (!(await revokeProductKey(tx, tenantId, key.id))) return;
      const subject = `${key.hint}…`;
      await recordAudit(tx, [
        { tenantId, actor: visit.session.login, action: "product_key.revoked", subject },
      ]);
    });
    return redirect(`/tenants/${slug}${PATH}`);
  });
}

async function onKey(
  { params }: MemberVisit,
  { database }: Console,
  answer: (tenant: Tenant, key: ProductKey) => Answer | Promise<Answer>,
): Promise<Answer> {
  const tenant = await findTenant(database, params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const key = (await listProductKeys(database, tenant.id)).find(({ id }) => id === params["id"]);
  return key === undefined ? notFound(words.noSuchKey) : answer(tenant, key);
}

/** The only page that shows a key. */
function keyOnce({ name, slug }: Tenant, key: string, { publicUrl }: Console): Answer {
  const title = words.newKey(name);
  const body = html`<div class="medium">
    <h1>${title}</h1>
    <section class="card stack secret">
      <h2>${words.copyNow}</h2>
      ${facts([
        [words.address, html`<code class="copy">${publicUrl()}/v1</code>`],
        [words.key, html`<code class="copy">${key}</code>`],
      ])}
      <p class="caution">${words.keyOnce}</p>
    </section>
    <p><a class="button" href="/tenants/${slug}${PATH}">${words.copied}</a></p>
  </div>`;
  return page(title, body, { section: "overview" });
}

function revokeForm(visit: MemberVisit, { slug, name }: Tenant, key: ProductKey, wrong?: string): Answer {
  const path = `/tenants/${slug}${PATH}`;
  const body = html`${crumbs([
      [common.overview, "/"],
      [`${name} · ${words.title}`, path],
    ])}
    <div class="medium">
      <h1>${words.revokeKey(key.name)}</h1>
      <p class="lead">${words.revokeLead(key.hint)}</p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/${key.id}/revoke">
        ${csrfField(visit)} ${understood(words.revokeUnderstood)}
        <div class="actions">
          <button class="danger" type="submit">${words.revoke}</button>
          <a class="button quiet" href="${path}">${common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.revokeTitle, body, {
    ...{ status: wrong === undefined ? 200 : 422, section: "overview" },
  });
}

async function keysPage(visit: MemberVisit, { database, now }: Console, wrong?: string): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const keys = await listProductKeys(database, tenant.id);
  const mayAct = mayActAs(visit.session.role, "admin");
  const body = html`${tenantHead(visit, tenant, PATH)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)}
    ${
      keys.length === 0
        ? emptyState(words.noKey, words.noKeyHint)
        : keyTable(tenant, keys, { now: now(), mayAct })
    }
    ${
      mayAct &&
      html`<form class="card stack medium" method="post" action="/tenants/${tenant.slug}${PATH}">
        ${csrfField(visit)}
        ${field({
          ...{ name: "name", label: words.name, charsMax: NAME_CHARS_MAX, isRequired: true },
          hint: words.nameHint,
        })}
        ${field({
          ...{ name: "days", label: words.days, type: "number", hint: words.daysHint },
        })}
        <div class="actions"><button type="submit">${words.make}</button></div>
      </form>`
    }`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

function keyTable(
  { slug }: Tenant,
  keys: readonly ProductKey[],
  { now, mayAct }: { readonly now: Date; readonly mayAct: boolean },
): Html {
  const columns = [...words.columns, ...(mayAct ? [common.action] : [])].map((label) => ({ label }));
  const rows = keys.map((key) => [
    html`<code>${key.hint}…</code>`,
    key.name,
    stateOf(key, now),
    date(key.createdAt),
    key.expiresAt === null ? words.never : date(key.expiresAt),
    key.lastUsedAt === null ? words.never : ago(key.lastUsedAt, now),
    mayAct &&
      key.revokedAt === null &&
      html`<a href="/tenants/${slug}${PATH}/${key.id}/revoke">${words.revokeKey(key.name)}</a>`,
  ]);
  return table(words.title, columns, rows);
}

function stateOf({ revokedAt, expiresAt }: ProductKey, now: Date): Html {
  if (revokedAt !== null) return badge("idle", words.revoked);
  return expiresAt !== null && expiresAt <= now ? badge("bad", words.expired) : badge("good", words.live);
}
