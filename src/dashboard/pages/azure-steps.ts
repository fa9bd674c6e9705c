/** What is to be done in the Azure portal, and how its attributes are mapped. */
import type { TokenKind } from "../../store/tenants.ts";
import { time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { table } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.azure;
const { notes } = words.mappings;

/** Setting provisioning up. */
export function firstSteps(kind: TokenKind): Html {
  return steps(words.first(words.credentials[kind]));
}

/** Setting a new token. */
export function laterSteps(oldEndsAt: Date | undefined): Html {
  const { ended, works } = words.oldToken;
  return steps([...words.later, oldEndsAt === undefined ? ended : works(time(oldEndsAt))]);
}

function steps(each: readonly Html[]): Html {
  return html`<section>
    <h2>${words.title}</h2>
    <ol class="steps">
      ${each.map((step) => html`<li>${step}</li>`)}
    </ol>
  </section>`;
}

// What Azure AD sends by default, and where it lands.
const USER_MAPPINGS: readonly (readonly [string, string, string])[] = [
  ["userPrincipalName", "userName", notes.matching],
  [`Switch([IsSoftDeleted], , "False", "True", "True", "False")`, "active", notes.active],
  ["displayName", "displayName", ""],
  ["jobTitle", "title", ""],
  ["mail", `emails[type eq "work"].value`, ""],
  ["givenName", "name.givenName", ""],
  ["surname", "name.familyName", ""],
  [words.mappings.either("mailNickname", "objectId"), "externalId", notes.externalId],
  ["employeeId", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", ""],
  ["department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", ""],
  ["manager", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", notes.reference],
  ["telephoneNumber", `phoneNumbers[type eq "work"].value`, ""],
  ["mobile", `phoneNumbers[type eq "mobile"].value`, ""],
  ["streetAddress", `addresses[type eq "work"].streetAddress`, ""],
  ["postalCode", `addresses[type eq "work"].postalCode`, ""],
];
const GROUP_MAPPINGS: readonly (readonly [string, string, string])[] = [
  ["displayName", "displayName", notes.matching],
  ["objectId", "externalId", ""],
  ["members", "members", notes.references],
];

/** Which attribute of Azure's goes where. */
export function mappings(): Html {
  const said = words.mappings;
  const columns = [said.source, said.target, said.note].map((label) => ({ label }));
  const rows = (list: typeof USER_MAPPINGS) =>
    list.map(([source, target, note]) => [
      html`<code class="wraps">${source}</code>`,
      html`<code>${target}</code>`,
      note,
    ]);
  return html`<section>
    <h2>${said.title}</h2>
    <p>${said.lead}</p>
    <h3>${said.users}</h3>
    ${table(said.captionOfUsers, columns, rows(USER_MAPPINGS))}
    <h3>${said.groups}</h3>
    ${table(said.captionOfGroups, columns, rows(GROUP_MAPPINGS))}
  </section>`;
}
