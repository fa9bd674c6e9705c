/** What a tenant may take along, and how it ends: export, disconnecting, erasing a person or everything. */

export const leavingTexts = {
  title: "Export and end",
  lead: "Data may be taken along at any time. Ending comes in two steps: disconnect, then erase.",
  nothingToDo: "Nothing to do here",
  nothingToDoHint: "An admin exports and disconnects, an owner erases.",

  exporting: "Export",
  disconnecting: "Disconnect",
  nothingConnected: "Nothing is connected",
  nothingConnectedHint: "No identity provider reaches this tenant.",
  disconnect: (connection: string) => `Disconnect ${connection}`,

  erasePerson: "Erase a person",
  who: "Who",
  whoHint:
    "Id, userName, e-mail address, externalId, or the product's own id. Unassign the person in Azure first, or the next cycle makes them again.",
  look: "Look for them",
  nobody: (who: string) => `Nothing is held of anybody who is “${who}”.`,
  several: (who: string) => `Several people are “${who}”; give the id of one, from the page People.`,
  personFromBefore: "a person from before",
  user: (id: string) => `the user ${id}`,
  /** @param whom - one of the two above */
  eraseWhom: (whom: string) => `Erase ${whom}`,
  erasePersonLead:
    "The user, memberships, values in the history, failed jobs, events, deliveries, the entry among people from before and exemptions are removed or emptied. It cannot be undone.",
  erasePersonUnderstood: "I understand that nothing of this person stays",
  erase: "Erase",

  eraseTenant: "Erase the tenant",
  eraseTenantLead: (tenant: string) =>
    `Tokens and product keys end at once. Users, groups, history, failed jobs, events, webhooks and the audit of ${tenant} are removed, and cannot be brought back.`,
  typeName: (slug: string) => `Type ${slug}`,
  eraseTenantUnderstood: (tenant: string) => `I understand that nothing of ${tenant} stays`,
  eraseTenantUnconfirmed: (slug: string) => `Tick the box and type ${slug} to erase the tenant.`,

  erased: (what: string) => `Erased: ${what}`,
  notReached: "Copies outside, such as backups, logs of a proxy and the product itself, are not reached.",
  removed: "What was removed or emptied",
  removedWhere: "Where",
  removedRows: "Rows",
};
