/** A list of refusals and faults: what happened, what it means, what became of it, and where to look on. */
import type { FailedWrite } from "../../store/failed-writes.ts";
import { shortTime, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { HIDDEN } from "../mask.ts";
import { badge, cyclePath, failurePath } from "../parts.ts";

const VERBS = new Map([
  ["create", "Create"],
  ["replace", "Replace"],
  ["patch", "Update"],
  ["delete", "Delete"],
]);

export interface FailedListOptions {
  /** False on a page that is about one tenant anyway. */
  readonly showsTenant: boolean;
  readonly showsCycle: boolean;
  /** False where one explanation stands above all. */
  readonly showsExplanation: boolean;
  /** Whether the reader's role may see people's values. */
  readonly showsValues: boolean;
}

export function failedList(writes: readonly FailedWrite[], options: FailedListOptions): Html {
  return html`<ul class="failures">
    ${writes.map((write) => failure(write, options))}
  </ul>`;
}

/** @returns such as `Create user` */
export function titleOf(write: { readonly operation: string; readonly resourceType: string }): string {
  return `${VERBS.get(write.operation) ?? write.operation} ${write.resourceType.toLowerCase()}`;
}

function failure(write: FailedWrite, options: FailedListOptions): Html {
  const { tenantSlug, cycleId, status, scimType, code } = write;
  return html`<li class="card failure">
    <div class="failure-head">
      <h3><a href="${failurePath(tenantSlug, write.writeId)}">${titleOf(write)}</a></h3>
      ${resultBadge(write.result)}
      <span class="muted">${status}${scimType && html` · ${scimType}`} · ${code}</span>
      <span class="when muted">${time(write.endedAt)}</span>
    </div>
    <p class="detail">${detailOf(write, options.showsValues)}</p>
    ${becameOf(write)} ${options.showsExplanation && explanation(write)}
    <dl class="facts inline small">
      ${write.assignee !== null && fact("Assigned to", write.assignee)}
      ${options.showsTenant && fact("Tenant", html`<a href="/failed?tenant=${tenantSlug}">${tenantSlug}</a>`)}
      ${write.resourceId && fact("Resource", html`<code>${write.resourceId}</code>`)}
      ${fact("Correlation id", html`<code>${write.correlationId}</code>`)}
      ${write.attempts > 1 && fact("Attempts", write.attempts)}
      ${
        options.showsCycle &&
        cycleId &&
        fact("Cycle", html`<a href="${cyclePath(tenantSlug, cycleId)}">Show the cycle</a>`)
      }
    </dl>
  </li>`;
}

export function resultBadge(result: "refused" | "fault"): Html {
  return result === "fault" ? badge("bad", "Failed") : badge("warn", "Refused");
}

/** The sentence of the refusal, as the reader's role may see it. */
export function detailOf(
  { detail, masked }: Pick<FailedWrite, "detail" | "masked">,
  showsValues: boolean,
): string {
  if (showsValues) return detail ?? masked ?? "No detail was recorded.";
  return masked ?? `No detail is kept without values. ${HIDDEN}`;
}

function explanation({ explanation: known }: FailedWrite): Html | undefined {
  return known && html`<p class="explanation">${known.meaning} <b>In Azure:</b> ${known.inAzure}</p>`;
}

/** What became of it since; nothing while it is open. */
export function becameOf(write: FailedWrite): Html | undefined {
  const when = write.changedAt === null ? undefined : shortTime(write.changedAt);
  switch (write.state) {
    case "open":
      return undefined;
    case "retried":
      return html`<p>${badge("idle", "Retried")} by ${write.changedBy} ${when}</p>`;
    case "dismissed":
      return html`<p>${badge("idle", "Dismissed")} by ${write.changedBy} ${when}: ${write.reason}</p>`;
    case "resolved":
      return html`<p>${badge("good", "Resolved")} by ${resolver(write)}</p>`;
  }
}

function resolver(write: FailedWrite): Html {
  const { tenantSlug, resolvedCycle, resolvedCycleStartedAt: at } = write;
  if (resolvedCycle !== null && at !== null)
    return html`<a href="${cyclePath(tenantSlug, resolvedCycle)}">cycle ${shortTime(at)}</a>`;
  const how = write.resolvedBy === write.retriedAs ? "its retry" : "a later write";
  return html`${how} ${write.changedAt && shortTime(write.changedAt)}`;
}

function fact(name: string, value: Html | string | number): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
