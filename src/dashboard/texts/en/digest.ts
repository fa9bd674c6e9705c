/** Who is told of cycles that failed. */
import { type Html, html } from "../../html.ts";

export const digestTexts = {
  title: "Digest of failed cycles",
  lead: "When a cycle of this connection ends with something refused or failed, whoever stands here is told, once a cycle: how many, why, what to do, and where to look. It names no person.",
  set: "It holds from the next cycle on.",
  noMailServer: "This installation has no mail server: set SMTP_HOST and SMTP_FROM first.",

  url: "Post it to",
  urlMore:
    "An https address; signed like our webhooks. Empty posts nothing; another address gets another secret.",
  renew: "Make a new secret, although the address stays; the old one ends at once",
  emails: "Send it by e-mail to",
  emailsMore: (most: number) => `Up to ${most} addresses, with commas between them. Empty sends none.`,
  emailsOff: "This installation has no mail server: SMTP_HOST is not set.",

  log: {
    title: "What was sent",
    caption: "Digests of failed cycles",
    cycle: "Cycle",
    by: "By",
    state: "State",
    attempts: "Attempts",
    lastAnswer: "Last answer",
    ended: (when: Html) => html`ended ${when}`,
    channels: { email: "E-mail", webhook: "Webhook" },
    states: { pending: "Waiting", delivered: "Sent", failed: "Given up" },
    none: "Nothing yet",
    noneMore: "The first cycle that ends with failures is told here as well.",
  },
};
