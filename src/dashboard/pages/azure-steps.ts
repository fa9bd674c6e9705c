/** What is to be done in the Azure portal, and how its attributes are mapped. */
import type { TokenKind } from "../../store/tenants.ts";
import { time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { table } from "../parts.ts";

/** Setting provisioning up. */
export function firstSteps(kind: TokenKind): Html {
  return html`<section>
    <h2>In the Azure portal</h2>
    <ol class="steps">
      <li>
        Open <b>Microsoft Entra ID</b> → <b>Enterprise applications</b> → <b>New application</b> →
        <b>Create your own application</b>, and choose the non-gallery kind.
      </li>
      <li>
        In the application, open <b>Provisioning</b> and set the mode to <b>Automatic</b>.
        ${
          kind === "bearer"
            ? "Enter the Tenant URL and the Secret Token from above."
            : html`Choose <b>OAuth2 client credentials grant</b> as the authentication method, and enter
                Tenant URL, Token Endpoint, Client Identifier and Client Secret from above.`
        }
      </li>
      <li>
        Press <b>Test Connection</b>. This page turns to “Connected” as soon as Azure has knocked, and says
        why where it does not get in.
      </li>
      <li>Save, then compare Azure's attribute mappings with the table below.</li>
      <li>
        Under <b>Users and groups</b>, assign who is to be provisioned. Then start provisioning: the first
        cycle brings everyone in scope, later ones follow about every 40 minutes.
      </li>
    </ol>
  </section>`;
}

/** Setting a new token. */
export function laterSteps(oldEndsAt: Date | undefined): Html {
  return html`<section>
    <h2>In the Azure portal</h2>
    <ol class="steps">
      <li>Open the enterprise application → <b>Provisioning</b> → <b>Connectivity</b>.</li>
      <li>Replace the Secret Token by the one above, press <b>Test Connection</b>, and save.</li>
      <li>
        ${
          oldEndsAt === undefined
            ? "The old token has ended: until the new one is saved, Azure's requests are answered 401."
            : html`The old token works until ${time(oldEndsAt)}; once Azure uses the new one, it can be
              revoked on the connection's page.`
        }
      </li>
    </ol>
  </section>`;
}

// What Azure AD sends by default, and where it lands.
const USER_MAPPINGS: readonly (readonly [string, string, string])[] = [
  ["userPrincipalName", "userName", "Matching attribute, precedence 1"],
  [`Switch([IsSoftDeleted], , "False", "True", "True", "False")`, "active", "Decides who may log in"],
  ["displayName", "displayName", ""],
  ["jobTitle", "title", ""],
  ["mail", `emails[type eq "work"].value`, ""],
  ["givenName", "name.givenName", ""],
  ["surname", "name.familyName", ""],
  ["mailNickname, or objectId", "externalId", "objectId never changes: better"],
  ["employeeId", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", ""],
  ["department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", ""],
  ["manager", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "A reference"],
  ["telephoneNumber", `phoneNumbers[type eq "work"].value`, ""],
  ["mobile", `phoneNumbers[type eq "mobile"].value`, ""],
  ["streetAddress", `addresses[type eq "work"].streetAddress`, ""],
  ["postalCode", `addresses[type eq "work"].postalCode`, ""],
];
const GROUP_MAPPINGS: readonly (readonly [string, string, string])[] = [
  ["displayName", "displayName", "Matching attribute, precedence 1"],
  ["objectId", "externalId", ""],
  ["members", "members", "References"],
];

/** Which attribute of Azure's goes where. */
export function mappings(): Html {
  const columns = [{ label: "Azure AD attribute" }, { label: "Rollcall attribute" }, { label: "Note" }];
  const rows = (list: typeof USER_MAPPINGS) =>
    list.map(([source, target, note]) => [
      html`<code class="wraps">${source}</code>`,
      html`<code>${target}</code>`,
      note,
    ]);
  return html`<section>
    <h2>Attribute mappings</h2>
    <p>Azure's defaults fit. These are the ones that matter; others may stay.</p>
    <h3>Users</h3>
    ${table("Attribute mappings of users", columns, rows(USER_MAPPINGS))}
    <h3>Groups</h3>
    ${table("Attribute mappings of groups", columns, rows(GROUP_MAPPINGS))}
  </section>`;
}
