/** Which attribute of Azure's goes where, and which attributes this tenant has beyond the standard's. */
import { findSchemaInForce, type SchemaVersion } from "../../store/tenant-schemas.ts";
import { findTenant } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { mappings } from "./azure-steps.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const words = texts.mapping;

export const MAPPING_PATH = "/attributes";

export async function showMapping(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const schema = await findSchemaInForce(database, tenant.id);
  const body = html`${tenantHead(visit, tenant, MAPPING_PATH)} ${mappings()}
    <section>
      <h2>${words.own}</h2>
      ${
        schema === undefined
          ? emptyState(words.noOwn, html`<p>${words.noOwnHint(tenant.slug)}</p>`)
          : extensions(schema)
      }
    </section>`;
  return page(`${words.title} · ${tenant.name}`, body, { section: "overview" });
}

function extensions({ version, extensions: { User, Group } }: SchemaVersion): Html {
  const columns = words.columns.map((label) => ({ label }));
  const all = [
    ...User.map((schema) => ({ title: words.users(schema.name), schema })),
    ...Group.map((schema) => ({ title: words.groups(schema.name), schema })),
  ];
  return html`<p>${words.inForce(version)}</p>
    ${all.map(
      ({ title, schema }) =>
        html`<h3>${title}</h3>
          ${table(
            title,
            columns,
            schema.attributes.map(({ type = "string", ...attribute }) => [
              attribute.name,
              html`<code>${schema.id}:${attribute.name}</code>`,
              attribute.multiValued === true ? words.several(type) : type,
              attribute.required === true ? words.required : words.optional,
              attribute.description,
            ]),
          )}`,
    )}`;
}
