/** A connection's limits: from where its requests may come, and how many a second. */
import { recordAudit } from "../../store/audit.ts";
import {
  type ConnectionLimits,
  findConnectionLimits,
  limitsText,
  readAllowedAddresses,
  readRate,
  setConnectionLimits,
} from "../../store/connection-limits.ts";
import type { Connection } from "../../store/tenants.ts";
import { field } from "../forms.ts";
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
import { connectionCrumbs, connectionPath, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";

const { common, limits: words } = texts;

/** On the connection's page, with a way to change it for those who may. */
export async function limitsFact(
  visit: MemberVisit,
  { database }: Console,
  connection: Connection,
): Promise<Html> {
  const text = limitsText(await findConnectionLimits(database, connection));
  if (!mayActAs(visit.session.role, "admin")) return html`${text}`;
  return html`${text}
    <a href="${connectionPath(connection.tenantSlug, connection.id)}/limits">${words.change}</a>`;
}

export async function showLimits(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { allowedAddresses, requestsPerSecond } = await findConnectionLimits(database, connection);
  return form(visit, connection, {
    addresses: allowedAddresses?.join("\n") ?? "",
    rate: requestsPerSecond === null ? "" : String(requestsPerSecond),
  });
}

export async function submitLimits(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const typed = { addresses: visit.form.get("addresses") ?? "", rate: visit.form.get("rate") ?? "" };
  const limits = readLimits(typed);
  if (typeof limits === "string") return form(visit, connection, { ...typed, wrong: limits });
  const { tenantId, name, tenantSlug, id } = connection;
  await database.transaction(async (tx) => {
    const before = limitsText(await findConnectionLimits(tx, connection));
    await setConnectionLimits(tx, connection, limits);
    const subject = `${name}: ${before} → ${limitsText(limits)}`;
    const actor = visit.session.login;
    await recordAudit(tx, [{ tenantId, actor, action: "connection.limits_changed", subject }]);
  });
  return redirect(connectionPath(tenantSlug, id));
}

interface Typed {
  readonly addresses: string;
  readonly rate: string;
  readonly wrong?: string;
}

function readLimits({ addresses, rate }: Typed): ConnectionLimits | string {
  try {
    return { allowedAddresses: readAllowedAddresses(addresses), requestsPerSecond: readRate(rate) };
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function form(visit: MemberVisit, connection: Connection, typed: Typed): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${words.title}</h1>
      <p class="lead">${words.lead}</p>
      ${typed.wrong !== undefined && problem(typed.wrong)}
      <form class="card stack" method="post" action="${path}/limits">
        ${csrfField(visit)}
        <div class="field">
          <label for="addresses">${words.addresses}</label>
          <textarea id="addresses" name="addresses" rows="6" aria-describedby="addresses-hint">
${typed.addresses}</textarea>
          <p class="hint" id="addresses-hint">${words.addressesHint}</p>
        </div>
        ${field({
          name: "rate",
          label: words.rate,
          type: "number",
          value: typed.rate,
          hint: words.rateHint,
        })}
        <div class="actions">
          <button type="submit">${common.save}</button>
          <a class="button quiet" href="${path}">${common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.title, body, { status: typed.wrong === undefined ? 200 : 422, section: "overview" });
}
