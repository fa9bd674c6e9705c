/** A list of refusals and faults: what happened, what it means, what became of it, and where to look on. */
import type { FailedWrite } from "../../store/failed-writes.ts";
import { shortTime, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { HIDDEN } from "../mask.ts";
import { badge, cyclePath, failurePath } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.failed;

const TITLES: ReadonlyMap<string, string> = new Map(Object.entries(words.titles));

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
  const { operation, resourceType } = write;
  return TITLES.get(`${operation}.${resourceType}`) ?? `${operation} ${resourceType.toLowerCase()}`;
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
      ${write.assignee !== null && fact(words.assignedTo, write.assignee)}
      ${options.showsTenant && fact(words.tenant, html`<a href="/failed?tenant=${tenantSlug}">${tenantSlug}</a>`)}
      ${write.resourceId && fact(words.resource, html`<code>${write.resourceId}</code>`)}
      ${fact(words.correlationId, html`<code>${write.correlationId}</code>`)}
      ${write.attempts > 1 && fact(words.attempts, write.attempts)}
      ${
        options.showsCycle &&
        cycleId &&
        fact(words.cycle, html`<a href="${cyclePath(tenantSlug, cycleId)}">${words.showCycle}</a>`)
      }
    </dl>
  </li>`;
}

export function resultBadge(result: "refused" | "fault"): Html {
  return badge(result === "fault" ? "bad" : "warn", words.results[result]);
}

/** The sentence of the refusal, as the reader's role may see it. */
export function detailOf(
  { detail, masked }: Pick<FailedWrite, "detail" | "masked">,
  showsValues: boolean,
): string {
  if (showsValues) return detail ?? masked ?? words.noDetail;
  return masked ?? words.noMasked(HIDDEN);
}

function explanation({ explanation: known }: FailedWrite): Html | undefined {
  return (
    known && html`<p class="explanation">${known.meaning} <b>${words.inAzureShort}</b> ${known.inAzure}</p>`
  );
}

/** What became of it since; nothing while it is open. */
export function becameOf(write: FailedWrite): Html | undefined {
  const { state, changedBy: by, reason } = write;
  const when = write.changedAt === null ? undefined : shortTime(write.changedAt);
  const { became, states } = words;
  switch (state) {
    case "open":
      return undefined;
    case "retried":
      return html`<p>${became.retried(badge("idle", states.retried), by, when)}</p>`;
    case "dismissed":
      return html`<p>${became.dismissed(badge("idle", states.dismissed), { by, when, reason })}</p>`;
    case "resolved":
      return html`<p>${became.resolved(badge("good", states.resolved), resolver(write))}</p>`;
  }
}

function resolver(write: FailedWrite): Html {
  const { tenantSlug, resolvedCycle, resolvedCycleStartedAt: at, changedAt } = write;
  const { byCycle, byRetry, byLaterWrite } = words.became;
  if (resolvedCycle !== null && at !== null)
    return html`<a href="${cyclePath(tenantSlug, resolvedCycle)}">${byCycle(shortTime(at))}</a>`;
  const when = changedAt && shortTime(changedAt);
  return write.resolvedBy === write.retriedAs ? byRetry(when) : byLaterWrite(when);
}

function fact(name: string, value: Html | string | number): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
