/** Attributes that a tenant has beyond the standard's. */
import { html } from "../../html.ts";

export const mappingTexts = {
  title: "Attributes",
  own: "Attributes of this tenant's own",
  noOwn: "None beyond the standard's",
  noOwnHint: (slug: string) =>
    html`A schema gives a tenant attributes of its own:
      <code>rollcall schema set ${slug} schema.json</code>.`,
  inForce: (version: number) =>
    html`Version ${version} is in force. In Azure, add these under <b>Edit attribute list</b> first; then they
      can be mapped.`,
  columns: ["Attribute", "Target in Azure", "Type", "Required", "Meaning"],
  users: (schema: string) => `Users: ${schema}`,
  groups: (schema: string) => `Groups: ${schema}`,
  several: (type: string) => `${type}, several`,
  required: "Yes",
  optional: "No",
};
