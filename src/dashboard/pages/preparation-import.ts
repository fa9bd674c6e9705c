/** Importing people from before from a file: its headings are mapped, its rows stored, and how far that is is shown. */
import { FileError } from "../../platform/csv.ts";
import { type ExistingUser, summarizeExistingUsers } from "../../store/existing-users.ts";
import { type Field, FIELDS, readExistingUsers } from "../../store/existing-users-file.ts";
import { importExistingUsers } from "../../store/import-existing-users.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { count } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { crumbs, notice, problem } from "../parts.ts";
import { bars, fileForm, headingsIn } from "./file-import.ts";
import { NO_TENANT } from "./tenant.ts";

export const PREPARATION_PATH = "/preparation";
export const IMPORT_PATH = `/tenants/:slug${PREPARATION_PATH}/import`;

export const LABELS: Readonly<Record<Field, string>> = {
  id: "The product's own id",
  userName: "userName",
  email: "E-mail",
  externalId: "externalId",
  displayName: "Name to show",
};

/** Stores all or nobody. */
export async function submitImport(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const users = usersIn(visit.form);
  if (typeof users === "string") return againForm(visit, tenant, users);
  const request = { tenantId: tenant.id, users, actor: visit.session.login };
  return {
    kind: "stream",
    title: `Import for ${tenant.name}`,
    section: "overview",
    parts: importing(tenant, request, deps),
  };
}

/** @returns what is wrong with the file, in words */
function usersIn(form: URLSearchParams): readonly ExistingUser[] | string {
  const text = form.get("file") ?? "";
  if (text === "") return "Choose a file; it is CSV in UTF-8, and its first row has the headings.";
  try {
    const users = readExistingUsers(text, headingsIn(form, FIELDS));
    return users.length === 0 ? "The file has headings and nobody below them." : users;
  } catch (error) {
    if (error instanceof FileError) return `Nobody was imported: ${error.message}.`;
    throw error;
  }
}

async function* importing(
  { name, slug }: Tenant,
  request: { readonly tenantId: string; readonly users: readonly ExistingUser[]; readonly actor: string },
  { database }: Console,
): AsyncGenerator<Html> {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  yield html`${crumbsOf({ name, slug })}
    <h1>Import for ${name}</h1>`;
  const result = yield* bars(request.users.length, async (onProgress) => ({
    isHeld: await importExistingUsers(database, { ...request, onProgress }),
  }));
  if (result === undefined) {
    yield problem("The import failed and stored nobody; the stores may be out of reach. Try again.");
    return;
  }
  const summary = await summarizeExistingUsers(database, request.tenantId);
  yield html`${notice(`${count(request.users.length)} people are stored and matched.`)}
    ${result.isHeld && html`<p>The gate is held open: nobody of them is turned away before you close it.</p>`}
    <p>
      ${count(summary.matched)} of ${count(summary.total)} are matched already; the others are offered to the
      identity provider.
    </p>
    <p><a class="button" href="${path}">Open the preview</a></p>`;
}

export function importForm(visit: MemberVisit, { slug }: Pick<Tenant, "slug">): Html {
  return fileForm(visit, {
    action: `/tenants/${slug}${PREPARATION_PATH}/import`,
    hint: "May be repeated: an id that is known gets its new values.",
    submit: "Import",
    labels: LABELS,
  });
}

function againForm(visit: MemberVisit, tenant: Tenant, wrong: string): Answer {
  const body = html`${crumbsOf(tenant)}
    <div class="medium">
      <h1>Import for ${tenant.name}</h1>
      ${problem(wrong)} ${importForm(visit, tenant)}
    </div>`;
  return page(`Import for ${tenant.name}`, body, { status: 422, section: "overview" });
}

function crumbsOf({ name, slug }: Pick<Tenant, "name" | "slug">): Html {
  return crumbs([
    ["Overview", "/"],
    [`${name} · People from before`, `/tenants/${slug}${PREPARATION_PATH}`],
  ]);
}
