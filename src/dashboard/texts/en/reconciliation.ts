/** Reconciliation: the product's own list held against the directory, its reports, and what each finding means. */
import { type Html, html } from "../../html.ts";
import { count } from "./numbers.ts";

export const reconciliationTexts = {
  title: "Reconciliation",
  titleOf: (tenant: string) => `Reconciliation of ${tenant}`,
  lead: "Hold the product's own list of its people against the directory: who can still log in and should not, who should and cannot, and who cannot be told. Nothing is changed by it.",

  reports: "Reports",
  noReportYet: "No report yet",
  noReportYetHint:
    "Compare a file below, or let the product send its list by its API: POST /v1/reconciliations.",
  columnsOfReports: ["Begun", "By"],
  figuresOfReports: ["People", "Agree", "Access to remove", "Access to give"],
  open: "Open",
  kept: "Reports are kept as long as events are.",

  compareList: "Compare a list",
  compare: "Compare",
  listHint: "Everybody whom the product knows; who has no word in the column of activity is active.",
  fields: {
    active: "Whether the person may log in",
    userId: "The id of Rollcall's user",
  },
  wrongFile: (fault: string) => `Nothing was compared: ${fault}.`,
  compareFailed: "The comparison failed and kept nothing; the stores may be out of reach. Try again.",
  compared: (people: number, agreeing: number) =>
    `${count(people)} people are compared; ${count(agreeing)} agree with the directory.`,
  openReport: "Open the report",

  noReport: "There is no such report, or it is no longer kept",
  begunBy: (time: Html, actor: string) => html`Begun ${time} by ${actor}`,
  listOpen: "The list is open",
  listOpenHint: "The product has not ended it yet; a list left open is forgotten after a day.",
  summary: "Summary",
  haveAccessToRemove: "have access to be removed",
  haveAccessToGive: "have access to be given",
  /** Beside the number of those that agree. */
  agreeOf: (path: string, listed: number) => html`of <a href="${path}">${count(listed)}</a> agree`,

  /** What each finding is called, and what to do about it. */
  findings: {
    activeOnlyInProduct: {
      label: "Active only in the product",
      means: "The directory has them deactivated. Take the access away.",
    },
    activeOnlyInDirectory: {
      label: "Active only in the directory",
      means: "The product has them blocked. Let them in, or have them unassigned.",
    },
    onlyInProduct: {
      label: "Only in the product",
      means: "The directory has nobody like this. Have them assigned, or remove the account.",
    },
    onlyInDirectory: {
      label: "Only in the directory",
      means:
        "The product has no account. It may be made at the first sign-in; otherwise an event was missed.",
    },
    ambiguous: {
      label: "Ambiguous",
      means: "Several users of the directory fit. Tell the product's account by externalId.",
    },
    duplicate: {
      label: "Duplicate",
      means: "Several accounts of the product have this name or address, or are one user.",
    },
    incomplete: { label: "Incomplete", means: "There is no userName, e-mail or externalId to match by." },
  },
  /** Within a line, such as under a figure. */
  inLine: (label: string) => label.toLowerCase(),

  whoDiffers: "Who differs",
  showEverybody: "Show everybody",
  nobody: "Nobody",
  nobodyHint: "The product and the directory agree.",
  columns: ["Finding", "Product's id", "Name", "E-mail", "In the product", "In the directory"],
  active: "Active",
  inactive: "Inactive",
  next: "Next",
  download: "Download as CSV",

  removal: "Remove the report",
  removalUnderstood: "I understand that the report and what it holds of people is gone",
  removalUnconfirmed: "Tick the box to confirm that the report is to go.",
};
