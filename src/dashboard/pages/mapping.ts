/** Which attribute of Azure's goes where, and which attributes this tenant has beyond the standard's. */
import { findSchemaInForce, type SchemaVersion } from "../../store/tenant-schemas.ts";
import { findTenant } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState, table } from "../parts.ts";
import { mappings } from "./azure-steps.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

export const MAPPING_PATH = "/attributes";

export async function showMapping(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const schema = await findSchemaInForce(database, tenant.id);
  const body = html`${tenantHead(visit, tenant, MAPPING_PATH)} ${mappings()}
    <section>
      <h2>Attributes of this tenant's own</h2>
      ${
        schema === undefined
          ? emptyState(
              "None beyond the standard's",
              html`<p>
                A schema gives a tenant attributes of its own:
                <code>rollcall schema set ${tenant.slug} schema.json</code>.
              </p>`,
            )
          : extensions(schema)
      }
    </section>`;
  return page(`Attributes · ${tenant.name}`, body, { section: "overview" });
}

function extensions({ version, extensions: { User, Group } }: SchemaVersion): Html {
  const columns = ["Attribute", "Target in Azure", "Type", "Required", "Meaning"].map((label) => ({ label }));
  const all = [
    ...User.map((schema) => ({ of: "Users", schema })),
    ...Group.map((schema) => ({ of: "Groups", schema })),
  ];
  return html`<p>
      Version ${version} is in force. In Azure, add these under <b>Edit attribute list</b> first; then they
      can be mapped.
    </p>
    ${all.map(
      ({ of, schema }) =>
        html`<h3>${of}: ${schema.name}</h3>
          ${table(
            `${of}: ${schema.name}`,
            columns,
            schema.attributes.map((attribute) => [
              attribute.name,
              html`<code>${schema.id}:${attribute.name}</code>`,
              `${attribute.type ?? "string"}${attribute.multiValued === true ? ", several" : ""}`,
              attribute.required === true ? "Yes" : "No",
              attribute.description,
            ]),
          )}`,
    )}`;
}
