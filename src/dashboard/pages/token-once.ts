/** The page that shows a new token: once, as the answer to the post that made it, with what to do in Azure. */
import type { IssuedToken } from "../../store/tenants.ts";
import { date } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, page } from "../page.ts";
import { facts, table } from "../parts.ts";

export interface TokenOnce {
  readonly title: string;
  readonly token: IssuedToken;
  readonly tenantUrl: string;
  readonly connectionPath: string;
  /** False when a connection that is set up already only needs the new token. */
  readonly isFirst: boolean;
}

export function tokenOnce(shown: TokenOnce): Answer {
  const body = html`<div class="medium">
      <h1>${shown.title}</h1>
      <section class="card stack secret">
        <h2>Copy these into Azure now</h2>
        ${facts([
          ["Tenant URL", html`<code class="copy">${shown.tenantUrl}</code>`],
          ["Secret Token", html`<code class="copy">${shown.token.token}</code>`],
          ["Expires", date(shown.token.expiresAt)],
        ])}
        <p class="caution">
          <strong>The token is shown this once.</strong> Only its hash is stored; if it is lost, rotate it and
          paste the new one into Azure. A click selects the whole value.
        </p>
      </section>
      ${shown.isFirst ? firstSteps() : laterSteps()}
      <p><a class="button" href="${shown.connectionPath}">I have copied it — open the connection</a></p>
    </div>
    ${shown.isFirst && mappings()}`;
  return page(shown.title, body, { section: "overview" });
}

function firstSteps(): Html {
  return html`<section>
    <h2>In the Azure portal</h2>
    <ol class="steps">
      <li>
        Open <b>Microsoft Entra ID</b> → <b>Enterprise applications</b> → <b>New application</b> →
        <b>Create your own application</b>, and choose the non-gallery kind.
      </li>
      <li>
        In the application, open <b>Provisioning</b> and set the mode to <b>Automatic</b>. Enter the Tenant
        URL and the Secret Token from above.
      </li>
      <li>
        Press <b>Test Connection</b>. The connection's page here turns to “Connected” as soon as Azure has
        knocked.
      </li>
      <li>Save, then compare Azure's attribute mappings with the table below.</li>
      <li>
        Under <b>Users and groups</b>, assign who is to be provisioned. Then start provisioning: the first
        cycle brings everyone in scope, later ones follow about every 40 minutes.
      </li>
    </ol>
  </section>`;
}

function laterSteps(): Html {
  return html`<section>
    <h2>In the Azure portal</h2>
    <ol class="steps">
      <li>Open the enterprise application → <b>Provisioning</b> → <b>Connectivity</b>.</li>
      <li>Replace the Secret Token by the one above, press <b>Test Connection</b>, and save.</li>
      <li>The old token has ended: until the new one is saved, Azure's requests are answered 401.</li>
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

function mappings(): Html {
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
