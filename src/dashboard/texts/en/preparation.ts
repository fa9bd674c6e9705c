/** People from before: whom the product knew, who of them the directory has, and their import from a file. */
import { html } from "../../html.ts";
import { count } from "./numbers.ts";

export const preparationTexts = {
  title: "People from before",
  lead: "Tell whom the product knew before the directory was connected. The identity provider then adopts them instead of making twins, and it is known who would be turned away before anybody is.",
  setGate: "Set when it closes, or take it back",
  loseAccess: (people: number, total: number) =>
    html`Once it is closed, <strong>${count(people)}</strong> of ${count(total)} people lose access. After the
      initial cycle the numbers are final: each cycle's end renews them.`,

  summary: "Summary",
  people: "people",
  adoptedPeople: "adopted",
  withoutEmail: "without e-mail",
  /** What each state is called, and what it means. */
  states: {
    matched: { label: "Matched", means: "One active user of the directory is this person." },
    deactivated: { label: "Deactivated", means: "One user is this person, and is deactivated." },
    unmatched: { label: "Unmatched", means: "The directory has nobody like this yet." },
    ambiguous: {
      label: "Ambiguous",
      means: "Several users of the directory fit; give the product's person an externalId.",
    },
    duplicate: { label: "Duplicate", means: "Several of the product's people have this name or address." },
    incomplete: { label: "Incomplete", means: "There is no userName, e-mail or externalId to match by." },
  },
  /** Within a line, such as under a figure. */
  inLine: (label: string) => label.toLowerCase(),

  everybody: "Everybody",
  showEverybody: "Show everybody",
  nobodyYet: "Nobody yet",
  nobodyYetHint: "Import a file below, or let the product tell by its API: PUT /v1/existing-users.",
  nobody: "Nobody",
  nobodyHint: "No one is in this state.",
  columns: ["Product's id", "Name", "E-mail", "externalId", "State", "User"],
  adopted: "Adopted",
  /** @param matchedBy - the attribute; null where it is no longer known */
  matchedBy: (matchedBy: string | null) => `By ${matchedBy ?? "match"}`,
  next: "Next",
  download: "Download as CSV",

  importing: "Import",
  importOf: (tenant: string) => `Import for ${tenant}`,
  fields: {
    id: "The product's own id",
    userName: "userName",
    email: "E-mail",
    externalId: "externalId",
    displayName: "Name to show",
  },
  importHint: "May be repeated: an id that is known gets its new values.",
  noFile: "Choose a file; it is CSV in UTF-8, and its first row has the headings.",
  emptyFile: "The file has headings and nobody below them.",
  wrongFile: (fault: string) => `Nobody was imported: ${fault}.`,
  importFailed: "The import failed and stored nobody; the stores may be out of reach. Try again.",
  imported: (people: number) => `${count(people)} people are stored and matched.`,
  gateHeld: "The gate is held open: nobody of them is turned away before you close it.",
  importMatched: (matched: number, total: number) =>
    `${count(matched)} of ${count(total)} are matched already; the others are offered to the identity provider.`,
  openPreview: "Open the preview",

  afterwards: "Afterwards",
  matchAgain: "Match again now",
  forgetLead: "Forgetting the people leaves the directory and the gate as they are; who was adopted stays.",
  forgetUnderstood: (people: number) =>
    `I understand that ${count(people)} people are no longer offered nor reported`,
  forget: "Forget them",
  /** In the audit. */
  forgotten: (people: number) => `${people} people`,
  forgetUnconfirmed: "Tick the box to confirm that the people are to be forgotten.",
};
