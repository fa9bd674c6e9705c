/** One cycle: what it asked for and changed, how fast, who lost access, and what failed. */
import { type Html, html } from "../../html.ts";
import { count, counted } from "./numbers.ts";

export const cycleTexts = {
  test: "Connection test",
  titleOf: (kind: string) => `${kind} cycle`,
  started: "Started",
  ended: "Ended",
  lastRequest: "Last request",
  duration: "Duration",
  requests: "Requests",
  reads: (many: number) => `(${count(many)} reads)`,
  next: "Next",
  notKnown: "Not known yet",
  expected: (when: Html) => html`expected ${when}`,
  wasExpected: (when: Html) => html`was expected ${when}`,
  failedJobs: "Failed jobs",
  /** @param many - such as `3 refused` */
  troubles: (many: readonly string[], href: string) =>
    html`${many.join(", ")}: <a href="${href}">see them</a>`,

  changes: {
    title: "What it changed",
    caption: "Changes by resource",
    resource: "Resource",
    created: "Created",
    updated: "Updated",
    deactivated: "Deactivated",
    reactivated: "Reactivated",
    deleted: "Deleted",
    users: "Users",
    groups: "Groups",
    memberships: "Memberships",
    unchanged: "Already as wanted",
    refused: "Refused",
    failed: "Failed",
    retried: "Tried again",
  },

  requestKinds: {
    title: "What it asked for",
    caption: "Requests by kind",
    request: "Request",
    times: "Times",
    none: "Not counted by kind",
    noneMore: "The cycle is older than the counting, or has just begun.",
    operations: {
      probe: "Probe of the connection",
      list: "List or look up",
      search: "Search",
      get: "Read one",
      create: "Create",
      replace: "Replace",
      patch: "Update",
      delete: "Delete",
      bulk: "Bulk request",
      async: "Ask for an accepted write",
    },
    other: "Other",
    resources: { User: "users", Group: "groups", discovery: "discovery" },
    /** @param what - one of the resources; undefined where it concerns none */
    name: (operation: string, what: string | undefined) =>
      what === undefined ? operation : `${operation} · ${what}`,
  },
  writes: {
    title: "Writes by result",
    caption: "Writes by operation and result",
    write: "Write",
    results: { applied: "Applied", unchanged: "Already as wanted", refused: "Refused", fault: "Failed" },
  },

  times: {
    title: "How fast it went",
    caption: "How long writes took",
    time: "Time",
    p50: "p50",
    p95: "p95",
    longest: "Longest",
    inQueue: "In the queue",
    inTransaction: "In the transaction, with its commit",
    none: "No write was measured",
    noneMore: "Times are kept from the first write on.",
    slowest: (duration: string, whom: Html | string, correlationId: string) =>
      html`The slowest took ${duration}: ${whom}. In logs and traces it has the correlation id
        <code>${correlationId}</code>.`,
    writeOf: { User: "a write of one user", Group: "a write of one group" },
    goneWrite: "a write that the ledger no longer holds",
  },
  timeline: {
    /** For who cannot see the picture. */
    words: (at: {
      readonly first: string;
      readonly last: string;
      readonly step: string;
      readonly rate: string;
      readonly peakAt: string;
    }) =>
      `Writes over time, from ${at.first} to ${at.last} UTC in steps of ${at.step}. The most, ${at.rate}, at ${at.peakAt}.`,
    peak: (rate: string, at: string) => `at most ${rate}, at ${at}`,
    rate: (perSecond: number) =>
      `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))} writes a second`,
    bar: (at: string, step: string, results: readonly string[]) => `${at}, ${step}: ${results.join(", ")}`,
    results: {
      applied: (many: number) => `${count(many)} applied`,
      unchanged: (many: number) => `${count(many)} unchanged`,
      refused: (many: number) => `${count(many)} refused`,
      faulted: (many: number) => `${count(many)} faulted`,
    },
  },

  leavers: {
    title: "Who lost access",
    caption: "Users who were deactivated or deleted",
    who: "Who",
    what: "What happened",
    when: "When",
    now: "Now",
    deletedUser: "Deleted user",
    deleted: "Deleted",
    deactivated: "Deactivated",
    gone: "Gone",
    activeAgain: "Active again",
    none: "Nobody",
    noneMore: "This cycle deactivated and deleted no user.",
    first: (many: number) => `These are the first ${many}.`,
  },

  reasons: {
    title: "Why it failed",
    caption: "Failures by reason",
    reason: "Reason, and its newest case",
    result: "Result",
    times: "Times",
    open: "Still open",
    newest: "Newest",
    none: "Nothing failed",
    noneMore: "Every write of this cycle was applied.",
    total: (many: number) => `${counted(many, "write")} failed, for these reasons.`,
    oneByOne: "See them one by one",
  },
};
