/** Failed jobs: by cause, in lists, and what somebody may do about them. */
import { type Html, html } from "../../html.ts";
import { counted } from "./numbers.ts";

const jobs = (many: number): string => counted(many, "job");

export const failedTexts = {
  title: "Failed jobs",
  lead: "What was refused, and what failed on our side. A refusal changes nothing: mend its cause, and retry it here or let a later cycle bring it. What a later write mended resolves by itself.",
  noFilter: "There is no such tenant or cycle",
  noCause: "There is no such group of failed jobs",
  tenant: "Tenant",
  allTenants: "All tenants",
  jobs,
  /** A cause, or the line of one in lists. @param title - such as `Create user` */
  cause: (title: string, code: string) => `${title}: ${code}`,
  results: { refused: "Refused", fault: "Failed" },

  state: "State",
  all: "All",
  states: { open: "Open", retried: "Retried", dismissed: "Dismissed", resolved: "Resolved" },
  /** @param which - one of the kinds of cycles, in the middle of a sentence */
  cycleAt: (which: string, startedAt: Html) => html`${which} of ${startedAt}`,
  ofCycle: (cycle: Html, tenant: string) => html`Only those of the ${cycle} of ${tenant}.`,
  ofAllCycles: "Show those of all cycles",

  openByCause: "Open, by cause",
  newestFirst: "Newest first",
  nothingOpen: "Nothing is open",
  nothingOpenMore: html`<p>What failed in this cycle stands under <b>All</b>.</p>`,
  nothingFailed: "Nothing failed",
  nothingFailedMore: html`<p>
    Every write was applied. Refusals and faults appear here, each with what to do about it.
  </p>`,
  nothingInCycle: "Every write of this cycle was applied.",
  nothing: {
    open: "Nothing open",
    retried: "Nothing retried",
    dismissed: "Nothing dismissed",
    resolved: "Nothing resolved",
  },
  nothingMore: {
    open: "Every write was applied.",
    retried: "Jobs whose retry is under way, or was refused in its turn.",
    dismissed: "Jobs that somebody decided to leave as they are, with the reason.",
    resolved: "Jobs that a later write mended, be it Azure's or a retry of yours.",
  },
  inAzure: "In Azure",
  here: "Here",
  latest: (masked: string) => `Latest: ${masked}`,
  openIt: "Open it",

  /** By operation and type. */
  titles: {
    "create.User": "Create user",
    "create.Group": "Create group",
    "replace.User": "Replace user",
    "replace.Group": "Replace group",
    "patch.User": "Update user",
    "patch.Group": "Update group",
    "delete.User": "Delete user",
    "delete.Group": "Delete group",
  },

  noDetail: "No detail was recorded.",
  /** @param hidden - what stands in place of values */
  noMasked: (hidden: string) => `No detail is kept without values. ${hidden}`,
  inAzureShort: "In Azure:",
  assignedTo: "Assigned to",
  resource: "Resource",
  correlationId: "Correlation id",
  attempts: "Attempts",
  cycle: "Cycle",
  showCycle: "Show the cycle",

  /** What became of a job. @param badge - its state */
  became: {
    retried: (badge: Html, by: string | null, when: Html | undefined) => html`${badge} by ${by} ${when}`,
    dismissed: (
      badge: Html,
      { by, when, reason }: { by: string | null; when: Html | undefined; reason: string | null },
    ) => html`${badge} by ${by} ${when}: ${reason}`,
    resolved: (badge: Html, by: Html) => html`${badge} by ${by}`,
    byCycle: (when: Html) => html`cycle ${when}`,
    byRetry: (when: Html | null) => html`its retry ${when}`,
    byLaterWrite: (when: Html | null) => html`a later write ${when}`,
  },
};

/** Of the page of one cause. */
export const causeTexts = {
  open: "Open",
  none: "None is open",
  /** @param failed - address of those that are not open any more */
  noneMore: (failed: string) =>
    html`<p>Retried, dismissed and resolved ones stand under <a href="${failed}">Failed jobs</a>.</p>`,
  allOfThem: "All of them",
  retryAll: "Retry all",
  retryAllMore: (most: number) =>
    `${most} at most, the oldest first; what a later write has overtaken is left out.`,
  notRepeatable: "These were refused before they were writes: a repetition would be refused the same way.",
  reason: "Reason",
  dismissAll: "Dismiss all",
  noReason: "Say why they are dismissed.",
  queueAway: "The queue cannot be reached at the moment; nothing was retried. Try again in a while.",

  dismissed: (many: number) => `${jobs(many)} dismissed.`,
  retried: (many: number) =>
    `${jobs(many)} retried. What is applied stands under Resolved, what is refused again is open again.`,
  noneRetried: "Nothing was retried: what is left was overtaken by a later write, or cannot be repeated.",
};
