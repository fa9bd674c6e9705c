/** Importing people from before from a file: its headings are mapped, its rows stored, and how far that is is shown. */
import { FileError } from "../../platform/csv.ts";
import { type ExistingUser, summarizeExistingUsers } from "../../store/existing-users.ts";
import { type Field, FIELDS, readExistingUsers } from "../../store/existing-users-file.ts";
import { importExistingUsers } from "../../store/import-existing-users.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { field } from "../forms.ts";
import { count } from "../format.ts";
import { Html, html } from "../html.ts";
import { type Answer, type Console, csrfField, type MemberVisit, notFound, page } from "../page.ts";
import { crumbs, notice, problem } from "../parts.ts";
import { NO_TENANT } from "./tenant.ts";

export const PREPARATION_PATH = "/preparation";
export const IMPORT_PATH = `/tenants/:slug${PREPARATION_PATH}/import`;
const HEADING_CHARS_MAX = 200;

const LABELS: Readonly<Record<Field, string>> = {
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
  const headings = FIELDS.flatMap((name) => {
    const heading = (form.get(`heading-${name}`) ?? "").trim();
    return heading === "" || heading === name ? [] : [[name, heading] as const];
  });
  try {
    const users = readExistingUsers(text, new Map(headings));
    return users.length === 0 ? "The file has headings and nobody below them." : users;
  } catch (error) {
    if (error instanceof FileError) return `Nobody was imported: ${error.message}.`;
    throw error;
  }
}

/** The bar that was told last is the one that is shown. */
async function* importing(
  { name, slug }: Tenant,
  request: { readonly tenantId: string; readonly users: readonly ExistingUser[]; readonly actor: string },
  { database }: Console,
): AsyncGenerator<Html> {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  yield html`${crumbsOf({ name, slug })}
    <h1>Import for ${name}</h1>`;
  yield new Html('<div class="progress" role="status">');
  const told = createTold();
  const work = importExistingUsers(database, { ...request, onProgress: told.tell });
  const ended = work.then(
    (isHeld) => ({ isHeld }),
    () => undefined,
  );
  for await (const done of told.until(ended)) yield bar(done, request.users.length);
  yield new Html("</div>");
  const result = await ended;
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

function bar(done: number, total: number): Html {
  const text = `${count(done)} of ${count(total)} stored`;
  return html`<p><progress value="${done}" max="${total}" aria-label="${text}"></progress> ${text}</p>`;
}

interface Told {
  readonly tell: (done: number) => void;
  /** What was told last, whenever whoever listens is ready for it. */
  readonly until: (ended: Promise<unknown>) => AsyncGenerator<number>;
}

function createTold(): Told {
  let last = 0;
  let isOver = false;
  let wake = (): void => undefined;
  return {
    tell: (done) => {
      last = done;
      wake();
    },
    until: async function* (ended) {
      const over = ended.then(() => {
        isOver = true;
        wake();
      });
      for (let shown = 0; !isOver;) {
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (last === shown) await news;
        if (last > shown) yield (shown = last);
      }
      await over;
    },
  };
}

export function importForm(visit: MemberVisit, { slug }: Pick<Tenant, "slug">): Html {
  return html`<form
    class="card stack medium"
    method="post"
    action="/tenants/${slug}${PREPARATION_PATH}/import"
    enctype="multipart/form-data"
  >
    ${csrfField(visit)}
    ${field({
      ...{ name: "file", label: "File", type: "file", accept: ".csv,text/csv", isRequired: true },
      hint: "CSV in UTF-8 of up to 16 MB, with commas, semicolons or tabs; the first row has the headings. May be repeated: an id that is known gets its new values.",
    })}
    <fieldset class="stack">
      <legend>What the file calls</legend>
      ${FIELDS.map((name) =>
        field({
          ...{ name: `heading-${name}`, label: LABELS[name], charsMax: HEADING_CHARS_MAX },
          value: visit.form.get(`heading-${name}`) ?? name,
        }),
      )}
    </fieldset>
    <div class="actions"><button type="submit">Import</button></div>
  </form>`;
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
