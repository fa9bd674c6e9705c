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
import {
  badge,
  connectionCrumbs,
  connectionPath,
  cyclePath,
  emptyState,
  notice,
  problem,
  table,
} from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";
import { secretOnce, targetFault, URL_CHARS_MAX } from "./webhooks.ts";

const words = texts.digest;

const SHOWN = 25;
const EMAILS_CHARS_MAX = 2_000;

/** For a connection's facts: who is told, with a way to change it for those who may. */
export async function digestFact(
  visit: MemberVisit,
  db: Database,
  { tenantSlug, tenantId, id }: Connection,
): Promise<Html> {
  const who = describeDigest(await findDigestSettings(db, { tenantId, connectionId: id }));
  if (!mayActAs(visit.session.role, "admin")) return html`${who}`;
  return html`${who}. <a href="${digestPath({ tenantSlug, id })}">${texts.common.show}</a>`;
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
  if (emails.length > 0 && !deps.hasMail) return words.noMailServer;
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
  const body = html`${connectionCrumbs(connection)}
    <h1>${words.title}</h1>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)}
    ${visit.query.get("done") === "set" && wrong === undefined && notice(words.set)}
    ${form(visit, deps, shown)} ${log(connection, digests)}`;
  return page(words.title, body, {
    status: wrong === undefined ? 200 : 422,
    section: "overview",
  });
}

function form(visit: MemberVisit, { hasMail }: Console, { connection, url, emails }: Shown): Html {
  return html`<form class="card stack medium" method="post" action="${digestPath(connection)}">
    ${csrfField(visit)}
    ${field({
      ...{ name: "url", label: words.url, type: "url", charsMax: URL_CHARS_MAX, value: url },
      hint: words.urlMore,
    })}
    ${
      url !== "" &&
      html`<label class="check">
        <input type="checkbox" name="renew" value="yes" />
        <span>${words.renew}</span>
      </label>`
    }
    ${field({
      ...{ name: "emails", label: words.emails, charsMax: EMAILS_CHARS_MAX, value: emails },
      hint: hasMail ? words.emailsMore(EMAILS_MAX) : words.emailsOff,
    })}
    <div class="actions"><button type="submit">${texts.common.save}</button></div>
  </form>`;
}

function log({ tenantSlug }: Connection, digests: readonly LoggedDigest[]): Html {
  const said = words.log;
  const columns = [
    ...[said.cycle, said.by, said.state].map((label) => ({ label })),
    { label: said.attempts, isNumber: true },
    { label: said.lastAnswer },
  ];
  const rows = digests.map(({ cycleId, createdAt, channel, state, attempts, error }) => [
    html`<a href="${cyclePath(tenantSlug, cycleId)}">${said.ended(shortTime(createdAt))}</a>`,
    said.channels[channel],
    STATES[state],
    count(attempts),
    error === null ? html`<span class="muted">–</span>` : html`<span class="wraps">${error}</span>`,
  ]);
  return html`<section>
    <h2>${said.title}</h2>
    ${digests.length === 0 ? emptyState(said.none, said.noneMore) : table(said.caption, columns, rows)}
  </section>`;
}

const STATES: Readonly<Record<LoggedDigest["state"], Html>> = {
  pending: badge("idle", words.log.states.pending),
  delivered: badge("good", words.log.states.delivered),
  failed: badge("bad", words.log.states.failed),
};
