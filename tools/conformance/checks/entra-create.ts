/** POST of users as Microsoft Entra ID and its validator send it. */
import type { CheckGroup } from "../check.ts";
import { expectLeftOut, expectStatus, expectThat, expectValue, expectValues } from "../expect.ts";
import { ENTERPRISE, USER } from "../urns.ts";
import { dig } from "../values.ts";

const SCIM = { source: "Microsoft Learn: use-scim-to-provision-users-and-groups", level: "ENTRA" } as const;
const POSTMAN = {
  source: "Microsoft SCIM Postman collection (AzureAD/SCIMReferenceCode)",
  level: "ENTRA",
} as const;

export const entraCreate: CheckGroup = {
  name: "entra-create",
  checks: [
    {
      ...SCIM,
      id: "entra-create-sample",
      title: "the documented sample is taken, nulls and an unknown schema included",
      async run(client) {
        const { created } = await client.user({
          schemas: [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
          externalId: "{tag}",
          active: true,
          addresses: null,
          displayName: "Joy Young",
          emails: [{ type: "work", value: "{tag}@contoso.example", primary: true }],
          meta: { resourceType: "User" },
          name: { familyName: "Young", givenName: "Joy" },
          phoneNumbers: null,
          preferredLanguage: null,
          title: null,
          department: null,
          manager: null,
        });
        expectValues(created, { active: true, displayName: "Joy Young", "name.givenName": "Joy" });
        expectLeftOut(created, "addresses", "phoneNumbers", "title");
      },
    },
    {
      ...POSTMAN,
      id: "entra-create-active-as-text",
      title: 'active as the text "True" becomes true',
      async run(client) {
        const { created } = await client.user({ active: "True" });
        expectValue(created, "active", true);
      },
    },
    {
      ...SCIM,
      id: "entra-create-manager-as-text",
      title: "the manager as a text is answered as an object",
      source: "github.com/apache/directory-scimple/issues/1242",
      needs: ["enterprise"],
      async run(client) {
        const boss = await client.user();
        const { path } = await client.user({
          schemas: [USER, ENTERPRISE],
          [ENTERPRISE]: { manager: boss.id },
        });
        expectValue(await client.get(path), `${ENTERPRISE}:manager.value`, boss.id);
      },
    },
    {
      ...SCIM,
      id: "entra-create-role-primary-as-text",
      title: 'a role with primary as the text "True" is taken',
      async run(client) {
        const { created } = await client.user({ roles: [{ primary: "True", value: "Admin", type: "App" }] });
        expectValue(created, "roles.0.primary", true);
      },
    },
    {
      ...SCIM,
      id: "entra-create-extension-not-in-schemas",
      title: "extension attributes count although schemas does not name the extension",
      needs: ["enterprise"],
      async run(client) {
        const { path } = await client.user({ schemas: [USER], [ENTERPRISE]: { department: "HR" } });
        expectValue(await client.get(path), `${ENTERPRISE}:department`, "HR");
      },
    },
    {
      ...SCIM,
      id: "entra-values-as-sent",
      title: "phone numbers are kept as they were sent",
      async run(client) {
        const { path } = await client.user({ phoneNumbers: [{ type: "work", value: "(425) 555-0100 x7" }] });
        expectValue(await client.get(path), "phoneNumbers.0.value", "(425) 555-0100 x7");
      },
    },
    {
      ...SCIM,
      id: "entra-create-inactive",
      title: "a user can be created disabled",
      async run(client) {
        const { path } = await client.user({ active: false });
        expectValue(await client.get(path), "active", false);
      },
    },
    {
      ...SCIM,
      id: "entra-read-your-write",
      title: "right after POST the user is found by userName and by externalId",
      async run(client) {
        const { created, id } = await client.user({ externalId: "{tag}-x" });
        for (const name of ["userName", "externalId"]) {
          const filter = `${name} eq "${String(dig(created.body, name))}"`;
          const answer = await client.get("/Users", { filter });
          expectStatus(answer, 200);
          expectThat(dig(answer.body, "Resources.0.id") === id, `not found by ${name}`, answer);
        }
      },
    },
  ],
};
