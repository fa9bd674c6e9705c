/** A list of refusals and faults: what happened, what it means, and where to look on. */
import type { FailedWrite } from "../../store/failed-writes.ts";
import { time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, cyclePath } from "../parts.ts";

const VERBS = { create: "Create", replace: "Replace", patch: "Update", delete: "Delete" } as const;

/** @param options - `showsTenant`: false on a page that is about one tenant anyway */
export function failedList(
  writes: readonly FailedWrite[],
  options: { readonly showsTenant: boolean; readonly showsCycle: boolean },
): Html {
  return html`<ul class="failures">
    ${writes.map((write) => failure(write, options))}
  </ul>`;
}

function failure(
  write: FailedWrite,
  { showsTenant, showsCycle }: { readonly showsTenant: boolean; readonly showsCycle: boolean },
): Html {
  const { tenantSlug, cycleId, result, status, scimType, code } = write;
  return html`<li class="card failure">
    <div class="failure-head">
      <h3>${VERBS[write.operation]} ${write.resourceType.toLowerCase()}</h3>
      ${result === "fault" ? badge("bad", "Failed") : badge("warn", "Refused")}
      <span class="muted">${status}${scimType && html` · ${scimType}`}${code && html` · ${code}`}</span>
      <span class="when muted">${time(write.endedAt)}</span>
    </div>
    <p class="detail">${write.detail ?? "No detail was recorded."}</p>
    ${write.explanation && html`<p class="explanation">${write.explanation}</p>`}
    <dl class="facts inline small">
      ${showsTenant && fact("Tenant", html`<a href="/failed?tenant=${tenantSlug}">${tenantSlug}</a>`)}
      ${write.resourceId && fact("Resource", html`<code>${write.resourceId}</code>`)}
      ${fact("Correlation id", html`<code>${write.correlationId}</code>`)}
      ${write.attempts > 1 && fact("Attempts", write.attempts)}
      ${
        showsCycle &&
        cycleId &&
        fact("Cycle", html`<a href="${cyclePath(tenantSlug, cycleId)}">Show the cycle</a>`)
      }
    </dl>
  </li>`;
}

function fact(name: string, value: Html | number): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
