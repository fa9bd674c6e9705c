/** The search of the audit. */
import { html } from "../../html.ts";

export const auditTexts = {
  title: "Audit",
  filter: {
    actor: "Who",
    action: "What",
    everything: "Everything",
    tenant: "Tenant",
    from: "From",
    to: "To",
  },
  columns: { at: "When", actor: "Who", action: "What", subject: "To what", tenant: "Tenant" },
  none: "Nothing of the kind",
  noneMore: "No change matches. Take out a condition, or another day.",
  download: (csv: string, json: string) =>
    html`Download as <a href="${csv}">CSV</a> or <a href="${json}">JSON</a>`,
};
