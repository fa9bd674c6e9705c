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
import { NO_TENANT, tenantHead } from "./tenant.ts";

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
  if (name === "" || name.length > NAME_CHARS_MAX)
    return keysPage(visit, deps, "Name the key after what will use it.");
  if (ttlDays !== undefined && !(Number.isInteger(ttlDays) && ttlDays >= 1 && ttlDays <= DAYS_MAX))
    return keysPage(visit, deps, `A key lives for 1 to ${String(DAYS_MAX)} days, or without an end.`);
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
    if (!isUnderstood(visit))
      return revokeForm(visit, tenant, key, "Tick the box to confirm that the key is to end.");
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
  return key === undefined ? notFound("There is no such key") : answer(tenant, key);
}

/** The only page that shows a key. */
function keyOnce({ name, slug }: Tenant, key: string, { publicUrl }: Console): Answer {
  const title = `New product key for ${name}`;
  const body = html`<div class="medium">
    <h1>${title}</h1>
    <section class="card stack secret">
      <h2>Copy it into the product now</h2>
      ${facts([
        ["Address", html`<code class="copy">${publicUrl()}/v1</code>`],
        ["Key", html`<code class="copy">${key}</code>`],
      ])}
      <p class="caution">
        <strong>The key is shown this once.</strong> Only its hash is stored; if it is lost, make another and
        revoke this one. The product sends it as a bearer token.
      </p>
    </section>
    <p><a class="button" href="/tenants/${slug}${PATH}">I have copied it</a></p>
  </div>`;
  return page(title, body, { section: "overview" });
}

function revokeForm(visit: MemberVisit, { slug, name }: Tenant, key: ProductKey, wrong?: string): Answer {
  const path = `/tenants/${slug}${PATH}`;
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${name} · Product keys`, path],
    ])}
    <div class="medium">
      <h1>Revoke ${key.name}</h1>
      <p class="lead">
        Whatever uses <code>${key.hint}…</code> is answered 401 at once. The product's client then does what
        was chosen for a Rollcall that cannot be reached.
      </p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/${key.id}/revoke">
        ${csrfField(visit)} ${understood("I understand that the product can no longer ask with this key")}
        <div class="actions">
          <button class="danger" type="submit">Revoke the key</button>
          <a class="button quiet" href="${path}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page("Revoke a product key", body, {
    ...{ status: wrong === undefined ? 200 : 422, section: "overview" },
  });
}

async function keysPage(visit: MemberVisit, { database, now }: Console, wrong?: string): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const keys = await listProductKeys(database, tenant.id);
  const mayAct = mayActAs(visit.session.role, "admin");
  const body = html`${tenantHead(visit, tenant, PATH)}
    <h2>Product keys</h2>
    <p class="lead">
      The product shows a key to ask who may log in, to read events, and to tell whom it knew before. It opens
      nothing of the identity provider's.
    </p>
    ${wrong !== undefined && problem(wrong)}
    ${
      keys.length === 0
        ? emptyState("No key yet", "Without one the product cannot ask.")
        : keyTable(tenant, keys, { now: now(), mayAct })
    }
    ${
      mayAct &&
      html`<form class="card stack medium" method="post" action="/tenants/${tenant.slug}${PATH}">
        ${csrfField(visit)}
        ${field({
          ...{ name: "name", label: "Name", charsMax: NAME_CHARS_MAX, isRequired: true },
          hint: "After what will use it, such as web servers.",
        })}
        ${field({
          ...{ name: "days", label: "Days until it ends", type: "number" },
          hint: "Empty: it stands until it is revoked.",
        })}
        <div class="actions"><button type="submit">Make a key</button></div>
      </form>`
    }`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · Product keys`, body, { status, section: "overview" });
}

function keyTable(
  { slug }: Tenant,
  keys: readonly ProductKey[],
  { now, mayAct }: { readonly now: Date; readonly mayAct: boolean },
): Html {
  const labels = ["Key", "Name", "State", "Created", "Ends", "Last used", ...(mayAct ? ["Action"] : [])];
  const rows = keys.map((key) => [
    html`<code>${key.hint}…</code>`,
    key.name,
    stateOf(key, now),
    date(key.createdAt),
    key.expiresAt === null ? "Never" : date(key.expiresAt),
    key.lastUsedAt === null ? "Never" : ago(key.lastUsedAt, now),
    mayAct &&
      key.revokedAt === null &&
      html`<a href="/tenants/${slug}${PATH}/${key.id}/revoke">Revoke ${key.name}</a>`,
  ]);
  return table(
    "Product keys",
    labels.map((label) => ({ label })),
    rows,
  );
}

function stateOf({ revokedAt, expiresAt }: ProductKey, now: Date): Html {
  if (revokedAt !== null) return badge("idle", "Revoked");
  return expiresAt !== null && expiresAt <= now ? badge("bad", "Expired") : badge("good", "Live");
}
