/** Search of a tenant's people, and one user or group: its state and why, its groups, its history. */
import { type Html, html } from "../../html.ts";

export const peopleTexts = {
  title: "People",
  lead: "Why is somebody not in? Search by userName, e-mail, externalId, id, or the correlation id of an error.",
  tenant: "Tenant",
  nobodyYet: "Nobody yet",
  nobodyYetHint: "Users and groups arrive with the first cycle of an activated connection.",
  nobodyMatches: (text: string) => `Nobody matches “${text}”`,
  nobodyMatchesHint: (failedPath: string) =>
    html`The person was never created here, or was deleted. See whether the creation
      <a href="${failedPath}">failed</a>; if not, assign the person to the enterprise application in Azure and
      use Provision on demand.`,
  matches: "Matches",
  matchesFound: (matches: number) => (matches === 1 ? "One match" : `${matches} matches`),
  columns: ["Name", "Kind", "State"],
  externalId: "externalId",
  types: { User: "User", Group: "Group" },
  active: "Active",
  deactivated: "Deactivated",
};

type Type = "User" | "Group";

const SEE_IN_AZURE =
  "In Azure see whether the account is blocked, soft-deleted, or no longer assigned to the application.";

export const personTexts = {
  noSuch: (type: Type) => (type === "User" ? "There is no such user" : "There is no such group"),
  nameOfDeleted: (type: Type) => (type === "User" ? "Deleted user" : "Deleted group"),
  deleted: "Deleted",
  /** @param by - one of `by` */
  deletedBy: (by: Html) => html`Deleted by ${by}. Assign the person again in Azure to create a new account.`,
  deactivatedBy: (by: Html) => html`Deactivated by ${by}. ${SEE_IN_AZURE}`,
  deactivatedBefore: `Created as deactivated, or deactivated before this history begins. ${SEE_IN_AZURE}`,
  by: (connection: string | null, time: Html) => html`${connection ?? "a connection"}, ${time}`,
  byInCycle: (connection: string | null, time: Html, cycle: { path: string; startedAt: Html | null }) =>
    html`${connection ?? "a connection"}, ${time} in the
      <a href="${cycle.path}">cycle of ${cycle.startedAt}</a>`,

  displayName: "Display name",
  email: "E-mail",
  externalId: "externalId",
  none: "None",
  id: "Id",
  version: "Version",
  created: "Created",
  changedAt: "Changed",

  groups: "Groups",
  noGroup: "In no group.",
  indirect: "indirect",

  history: "History",
  csv: "CSV",
  json: "JSON",
  nothingOlder: "Nothing older",
  nothingOlderHint: "The ledger keeps no write before this point.",
  operations: { create: "Created", replace: "Replaced", patch: "Updated", delete: "Deleted" },
  addedTo: (group: Html) => html`Added to ${group}`,
  removedFrom: (group: Html) => html`Removed from ${group}`,
  held: "Deactivation held",
  unchanged: "Was so already",
  failed: "Failed",
  refused: "Refused",
  writtenBy: "By",
  correlationId: "Correlation id",
  azureRequestId: "Azure's request id",
  /** Where only names may be read. */
  changedNames: "Changed:",
  changed: "changed",
  nothing: "nothing",
};
