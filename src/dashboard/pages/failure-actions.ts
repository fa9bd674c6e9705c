/** What an admin does about one failure: retry, dismiss, open again, assign, note. Each leaves a line in the audit. */
import { listMenders } from "../../store/account-changes.ts";
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import {
  assignFailure,
  type Decision,
  dismissFailures,
  noteFailure,
  reopenFailures,
} from "../../store/failures.ts";
import type { Transaction } from "../../store/database.ts";
import { type Answer, type Console, type MemberVisit, notFound, redirect } from "../page.ts";
import { awaitRetries, retryFailures } from "../retry-failures.ts";
import { texts } from "../texts/texts.ts";
import { failureOf, failurePage, REASON_CHARS_MAX } from "./failure.ts";

const words = texts.failure;

export async function submitRetry(visit: MemberVisit, deps: Console): Promise<Answer> {
  const at = await failureOf(visit, deps);
  if (at === undefined) return notFound(words.noFailure);
  const { tenantId, writeId } = at.write;
  const actor = visit.session.login;
  const retried = await retryFailures(deps, { tenantId, writeIds: [writeId], actor }, () => ({
    tenantId,
    actor,
    action: "failure.retried",
    subject: writeId,
  }));
  if (retried === undefined)
    return failurePage(visit, deps, at, { status: 503, problem: texts.cause.queueAway });
  if (retried.length === 0)
    return failurePage(visit, deps, at, {
      status: 409,
      problem: words.notRetried,
    });
  await awaitRetries(deps, tenantId, retried);
  return redirect(at.path);
}

export async function submitDismiss(visit: MemberVisit, deps: Console): Promise<Answer> {
  const reason = textOf(visit, "reason");
  return decide(visit, deps, {
    action: "failure.dismissed",
    missing: reason === "" ? words.noReason : undefined,
    change: (tx, decision) => dismissFailures(tx, decision, reason),
  });
}

export async function submitReopen(visit: MemberVisit, deps: Console): Promise<Answer> {
  return decide(visit, deps, { action: "failure.reopened", change: reopenFailures });
}

export async function submitNote(visit: MemberVisit, deps: Console): Promise<Answer> {
  const note = textOf(visit, "note");
  return decide(visit, deps, {
    action: "failure.noted",
    change: async (tx, { tenantId, writeIds, actor }) => {
      const [writeId = ""] = writeIds;
      await noteFailure(tx, { tenantId, writeId, actor, note: note === "" ? null : note });
      return writeIds;
    },
  });
}

export async function submitAssign(visit: MemberVisit, deps: Console): Promise<Answer> {
  const login = visit.form.get("assignee") ?? "";
  const known = await listMenders(deps.database);
  return decide(visit, deps, {
    action: "failure.assigned",
    missing: login === "" || known.includes(login) ? undefined : words.noMender,
    change: (tx, { tenantId, writeIds }) => {
      const [writeId = ""] = writeIds;
      return assignFailure(tx, { tenantId, writeId, assignee: login === "" ? null : login });
    },
  });
}

interface Change {
  readonly action: AuditAction;
  /** What the form lacks. */
  readonly missing?: string | undefined;
  readonly change: (tx: Transaction, decision: Decision) => Promise<readonly string[]>;
}

async function decide(
  visit: MemberVisit,
  deps: Console,
  { action, missing, change }: Change,
): Promise<Answer> {
  const at = await failureOf(visit, deps);
  if (at === undefined) return notFound(words.noFailure);
  if (missing !== undefined) return failurePage(visit, deps, at, { status: 422, problem: missing });
  const { tenantId, writeId } = at.write;
  const actor = visit.session.login;
  await deps.database.transaction(async (tx) => {
    const changed = await change(tx, { tenantId, writeIds: [writeId], actor });
    if (changed.length > 0) await recordAudit(tx, [{ tenantId, actor, action, subject: writeId }]);
  });
  return redirect(at.path);
}

function textOf(visit: MemberVisit, name: string): string {
  return (visit.form.get(name) ?? "").trim().slice(0, REASON_CHARS_MAX);
}
