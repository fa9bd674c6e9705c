/** Who is told of a connection's cycles that ended with failures, and what came of telling them. */
import { recordAudit } from "../../store/audit.ts";
import type { ConnectionKey } from "../../store/cycles.ts";
import type { Database } from "../../store/database.ts";
import { listDigests, type LoggedDigest } from "../../store/digest-deliveries.ts";
import {
  describeDigest,
  type DigestSettings,
  EMAILS_MAX,
  findDigestSettings,
  readEmails,
  setDigest,
} from "../../store/digests.ts";
import type { Connection } from "../../store/tenants.ts";
import { field } from "../forms.ts";
import { count, shortTime } from "../format.ts";
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
import { badge, connectionPath, crumbs, cyclePath, emptyState, notice, problem, table } from "../parts.ts";
import { connectionOf, NO_CONNECTION } from "./connection.ts";
import { secretOnce, targetFault, URL_CHARS_MAX } from "./webhooks.ts";

const SHOWN = 25;
const EMAILS_CHARS_MAX = 2_000;

/** For a connection's facts: who is told, with a way to change it for those who may. */
export async function digestFact(
  visit: MemberVisit,
  db: Database,
  { tenantSlug, tenantId, id }: Connection,
): Promise<Html> {
  const words = describeDigest(await findDigestSettings(db, { tenantId, connectionId: id }));
  if (!mayActAs(visit.session.role, "admin")) return html`${words}`;
  return html`${words}. <a href="${digestPath({ tenantSlug, id })}">Show</a>`;
}

function digestPath({ tenantSlug, id }: Pick<Connection, "tenantSlug" | "id">): string {
  return `${connectionPath(tenantSlug, id)}/digest`;
}

export async function showDigest(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { url, emails } = await findDigestSettings(deps.database, keyOf(connection));
  return digestPage(visit, deps, { connection, url: url ?? "", emails: emails.join(", ") });
}

export async function submitDigest(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const typed = {
    url: (visit.form.get("url") ?? "").trim(),
    emails: (visit.form.get("emails") ?? "").trim(),
  };
  const settings = settingsIn(typed, deps);
  if (typeof settings === "string") return digestPage(visit, deps, { connection, ...typed, wrong: settings });
  const { tenantId, name } = connection;
  const renewsSecret = visit.form.get("renew") === "yes";
  const secret = await deps.database.transaction(async (tx) => {
    const subject = `${name}: ${describeDigest(settings)}`;
    await recordAudit(tx, [{ tenantId, actor: visit.session.login, action: "digest.set", subject }]);
    return setDigest(tx, keyOf(connection), { settings, renewsSecret, secret: deps.secret });
  });
  const back = `${digestPath(connection)}?done=set`;
  return secret === undefined
    ? redirect(back)
    : secretOnce(connection.tenantName, { url: typed.url, back }, secret);
}

function keyOf({ tenantId, id }: Connection): ConnectionKey {
  return { tenantId, connectionId: id };
}

interface Typed {
  readonly url: string;
  readonly emails: string;
}

/** @returns what is wrong, where something is */
function settingsIn({ url, emails: text }: Typed, deps: Console): DigestSettings | string {
  const emails = emailsIn(text);
  if (typeof emails === "string") return emails;
  if (emails.length > 0 && !deps.hasMail)
    return "This installation has no mail server: set SMTP_HOST and SMTP_FROM first.";
  const fault = url === "" ? undefined : targetFault(url, deps);
  return fault ?? { url: url === "" ? null : url, emails };
}

function emailsIn(text: string): readonly string[] | string {
  try {
    return readEmails(text);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

interface Shown extends Typed {
  readonly connection: Connection;
  readonly wrong?: string;
}

async function digestPage(visit: MemberVisit, deps: Console, shown: Shown): Promise<Answer> {
  const { connection, wrong } = shown;
  const digests = await listDigests(deps.database, keyOf(connection), SHOWN);
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${connection.tenantName} · ${connection.name}`, connectionPath(connection.tenantSlug, connection.id)],
    ])}
    <h1>Digest of failed cycles</h1>
    <p class="lead">
      When a cycle of this connection ends with something refused or failed, whoever stands here is told, once
      a cycle: how many, why, what to do, and where to look. It names no person.
    </p>
    ${wrong !== undefined && problem(wrong)}
    ${visit.query.get("done") === "set" && wrong === undefined && notice("It holds from the next cycle on.")}
    ${form(visit, deps, shown)} ${log(connection, digests)}`;
  return page("Digest of failed cycles", body, {
    status: wrong === undefined ? 200 : 422,
    section: "overview",
  });
}

function form(visit: MemberVisit, { hasMail }: Console, { connection, url, emails }: Shown): Html {
  return html`<form class="card stack medium" method="post" action="${digestPath(connection)}">
    ${csrfField(visit)}
    ${field({
      ...{ name: "url", label: "Post it to", type: "url", charsMax: URL_CHARS_MAX, value: url },
      hint: "An https address; signed like our webhooks. Empty posts nothing; another address gets another secret.",
    })}
    ${
      url !== "" &&
      html`<label class="check">
        <input type="checkbox" name="renew" value="yes" />
        <span>Make a new secret, although the address stays; the old one ends at once</span>
      </label>`
    }
    ${field({
      ...{ name: "emails", label: "Send it by e-mail to", charsMax: EMAILS_CHARS_MAX, value: emails },
      hint: hasMail
        ? `Up to ${EMAILS_MAX} addresses, with commas between them. Empty sends none.`
        : "This installation has no mail server: SMTP_HOST is not set.",
    })}
    <div class="actions"><button type="submit">Save</button></div>
  </form>`;
}

function log({ tenantSlug }: Connection, digests: readonly LoggedDigest[]): Html {
  const columns = [
    ...["Cycle", "By", "State"].map((label) => ({ label })),
    { label: "Attempts", isNumber: true },
    { label: "Last answer" },
  ];
  const rows = digests.map(({ cycleId, createdAt, channel, state, attempts, error }) => [
    html`<a href="${cyclePath(tenantSlug, cycleId)}">ended ${shortTime(createdAt)}</a>`,
    channel === "email" ? "E-mail" : "Webhook",
    STATES[state],
    count(attempts),
    error === null ? html`<span class="muted">–</span>` : html`<span class="wraps">${error}</span>`,
  ]);
  return html`<section>
    <h2>What was sent</h2>
    ${
      digests.length === 0
        ? emptyState("Nothing yet", "The first cycle that ends with failures is told here as well.")
        : table("Digests of failed cycles", columns, rows)
    }
  </section>`;
}

const STATES: Readonly<Record<LoggedDigest["state"], Html>> = {
  pending: badge("idle", "Waiting"),
  delivered: badge("good", "Sent"),
  failed: badge("bad", "Given up"),
};
