/** What an admin does about a connection's deactivation guard. Each leaves a line in the audit. */
import { releaseCommands } from "../../queue/release.ts";
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import {
  describeGuard,
  GUARD_ANSWERS,
  type GuardSettings,
  readLimit,
  removeGuard,
  setGuard,
} from "../../store/deactivation-guards.ts";
import { liftGuard } from "../../store/guard-cycles.ts";
import { decideAllHeld } from "../../store/held-deactivations.ts";
import type { Connection } from "../../store/tenants.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, redirect } from "../page.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";
import { guardPage, guardPath, REASON_CHARS_MAX } from "./guard.ts";

const words = texts.guard;

export async function submitGuard(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const settings = settingsIn(visit.form);
  if (typeof settings === "string") return guardPage(visit, deps, { connection, wrong: settings });
  await audited(visit, deps, {
    connection,
    action: "guard.set",
    subject: `${connection.name}: ${describeGuard(settings)}`,
    change: async (tx) => {
      await setGuard(tx, keyOf(connection), settings);
      return true;
    },
  });
  return redirect(`${guardPath(connection)}?done=set`);
}

export async function submitGuardOff(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  await audited(visit, deps, {
    connection,
    action: "guard.removed",
    subject: connection.name,
    change: (tx) => removeGuard(tx, keyOf(connection)),
  });
  return redirect(`${guardPath(connection)}?done=off`);
}

export async function submitGuardDecision(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const request = decisionIn(visit.form);
  if (typeof request === "string") return guardPage(visit, deps, { connection, wrong: request });
  if (request.decision === "release" && visit.form.has("rest")) {
    await audited(visit, deps, {
      connection,
      action: "guard.lifted",
      subject: connection.name,
      change: (tx) => liftGuard(tx, keyOf(connection)),
    });
  }
  const count = await decideAllHeld(
    deps.database,
    { ...keyOf(connection), ...request, actor: visit.session.login },
    releaseCommands(connection.tenantSlug),
  );
  const done = request.decision === "release" ? "released" : "rejected";
  return redirect(`${guardPath(connection)}?done=${done}&count=${count}`);
}

interface Change {
  readonly connection: Connection;
  readonly action: AuditAction;
  readonly subject: string;
  /** False where there was nothing to change. */
  readonly change: (tx: Transaction) => Promise<boolean>;
}

function audited(
  { session }: MemberVisit,
  { database }: Console,
  { connection, action, subject, change }: Change,
): Promise<void> {
  const { tenantId } = connection;
  return database.transaction(async (tx) => {
    if (await change(tx)) await recordAudit(tx, [{ tenantId, actor: session.login, action, subject }]);
  });
}

function keyOf({ tenantId, id }: Connection): { readonly tenantId: string; readonly connectionId: string } {
  return { tenantId, connectionId: id };
}

/** @returns what is wrong, where something is */
function settingsIn(form: URLSearchParams): GuardSettings | string {
  const usersMax = limitIn(form, "users");
  if (usersMax === undefined) return words.noUsersMax;
  const percentMax = limitIn(form, "percent");
  if (percentMax === undefined) return words.noPercentMax;
  if (usersMax === null && percentMax === null) return words.noLimit;
  const answer = GUARD_ANSWERS.find((known) => known === form.get("answer"));
  return answer === undefined ? words.noAnswer : { usersMax, percentMax, answer };
}

/** @returns null for an empty field, undefined for what is no limit */
function limitIn(form: URLSearchParams, name: "users" | "percent"): number | null | undefined {
  return readLimit(name, (form.get(name) ?? "").trim());
}

interface Decision {
  readonly decision: "release" | "reject";
  readonly userIds?: readonly string[];
  readonly reason: string;
}

const CHOSEN = "user-";

/** @returns what is wrong, where something is */
function decisionIn(form: URLSearchParams): Decision | string {
  const [, decision, all] = /^(release|reject)(-all)?$/.exec(form.get("decision") ?? "") ?? [];
  if (decision !== "release" && decision !== "reject") return words.noDecision;
  const reason = (form.get("reason") ?? "").trim().slice(0, REASON_CHARS_MAX);
  if (reason === "") return words.noReason;
  if (all !== undefined) return { decision, reason };
  const userIds = [...form.keys()]
    .filter((name) => name.startsWith(CHOSEN))
    .map((name) => name.slice(CHOSEN.length))
    .filter(isId);
  return userIds.length === 0 ? words.noUser : { decision, reason, userIds };
}
