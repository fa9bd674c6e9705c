/** Which groups of a tenant give their members which roles of the product. */

export const rolesTexts = {
  title: "Roles",
  lead: "The members of a group, and of the groups in it, have its roles: the product is told them with each login check and event. Licences are roles too.",
  noMapping: "No group gives a role yet",
  noMappingHint: "The product then decides about roles by itself.",
  columns: ["Role", "Group told by", "Value", "Groups here", "Change"],
  groupFields: { displayName: "Display name", externalId: "Object id in Azure", id: "Id here" },
  noGroupYet: "None yet",
  removeMapping: (mapping: string) => `Remove ${mapping}`,

  addMapping: "Add a mapping",
  role: "Role, as the product calls it",
  matchBy: "Group told by",
  value: "Value",
  valueHint: "The group need not be there yet. An object id survives a rename of the group.",
  add: "Add",
  noMatchBy: "Choose by what the group is told.",
  wrongMapping: (fault: string) => `Nothing was changed: ${fault}.`,
  tooMany: (mappingsMax: number) =>
    `There are ${mappingsMax} mappings already, which is as many as there may be.`,
  goneAlready: "That mapping is gone already.",
};
