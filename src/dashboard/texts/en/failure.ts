/** One failed job: what it was, what to do, and what was done about it. */
import { type Html, html } from "../../html.ts";

export const failureTexts = {
  noFailure: "There is no such failed job",
  someConnection: "Connection",
  when: "When",
  answer: "Answer",
  code: "Code",
  connection: "Connection",
  cycle: "Cycle",
  none: "None",
  showCycle: "Show the cycle",
  assignedTo: "Assigned to",
  nobody: "Nobody",
  attempts: "Attempts",
  correlationId: "Correlation id",
  clientRequestId: "Azure's request id",
  resource: "Resource",

  whatToDo: "What to do",
  collidesWith: (whom: readonly Html[]) => html`It collides with ${whom}`,
  kinds: { User: "user", Group: "group" },

  retry: {
    ofEarlier: (href: string) => html`This was the retry of <a href="${href}">an earlier failure</a>.`,
    underWay: "Retry under way",
    lookAgain: "Look again",
    inVain: "Retried in vain",
    seeHow: "See how the retry failed",
    applied: "Retry applied",
  },

  mend: "Mend",
  reason: "Reason",
  dismiss: "Dismiss",
  noReason: "Say why it is dismissed.",
  reopen: "Open again",
  assign: "Assign",
  noMender: "There is no such account that may mend.",
  note: "Note",
  notedBy: (whom: string | null) => `Noted by ${whom ?? ""}.`,
  retryOne: "Retry",
  retryOneMore: "Sends the same write again, as a new one.",
  notRepeatable:
    "It was refused before it was a write: a repetition would be refused the same way. Azure sends it again by itself.",
  overtaken: {
    User: "A later write has changed this user since: a repetition would undo that. Dismiss this one, or let Azure send its next change.",
    Group:
      "A later write has changed this group since: a repetition would undo that. Dismiss this one, or let Azure send its next change.",
  },
  notRetried: "It was not retried: it is not open any more, or a later write has overtaken it.",

  sent: "What Azure sent",
  request: "Request",
  noBody: "A delete has no body.",
  bodyGone: "The body is not kept: it was too large, or its time is over.",
  valuesHidden: "Values are hidden from the role viewer.",

  audit: "Who did what",
  /** By action; one without a name stands as it is. */
  actions: {
    "failure.retried": "retried",
    "failure.dismissed": "dismissed",
    "failure.reopened": "reopened",
    "failure.assigned": "assigned",
    "failure.noted": "noted",
  },
};
