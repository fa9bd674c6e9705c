/** What is to be done in the Azure portal, in its own words, and how its attributes are mapped. */
import { type Html, html } from "../../html.ts";

export const azureTexts = {
  title: "In the Azure portal",

  /** Setting provisioning up, step by step. @param credentials - one of those below */
  first: (credentials: Html) => [
    html`Open <b>Microsoft Entra ID</b> → <b>Enterprise applications</b> → <b>New application</b> →
      <b>Create your own application</b>, and choose the non-gallery kind.`,
    html`In the application, open <b>Provisioning</b> and set the mode to <b>Automatic</b>. ${credentials}`,
    html`Press <b>Test Connection</b>. This page turns to “Connected” as soon as Azure has knocked, and says
      why where it does not get in.`,
    html`Save, then compare Azure's attribute mappings with the table below.`,
    html`Under <b>Users and groups</b>, assign who is to be provisioned. Then start provisioning: the first
      cycle brings everyone in scope, later ones follow about every 40 minutes.`,
  ],
  credentials: {
    bearer: html`Enter the Tenant URL and the Secret Token from above.`,
    client_secret: html`Choose <b>OAuth2 client credentials grant</b> as the authentication method, and enter
      Tenant URL, Token Endpoint, Client Identifier and Client Secret from above.`,
  },

  /** Setting a new token; the last step is one of `oldToken`. */
  later: [
    html`Open the enterprise application → <b>Provisioning</b> → <b>Connectivity</b>.`,
    html`Replace the Secret Token by the one above, press <b>Test Connection</b>, and save.`,
  ],
  oldToken: {
    ended: html`The old token has ended: until the new one is saved, Azure's requests are answered 401.`,
    works: (until: Html) =>
      html`The old token works until ${until}; once Azure uses the new one, it can be revoked on the
      connection's page.`,
  },

  mappings: {
    title: "Attribute mappings",
    lead: "Azure's defaults fit. These are the ones that matter; others may stay.",
    users: "Users",
    groups: "Groups",
    captionOfUsers: "Attribute mappings of users",
    captionOfGroups: "Attribute mappings of groups",
    source: "Azure AD attribute",
    target: "Rollcall attribute",
    note: "Note",
    /** Where Azure offers either. */
    either: (one: string, other: string) => `${one}, or ${other}`,
    notes: {
      matching: "Matching attribute, precedence 1",
      active: "Decides who may log in",
      externalId: "objectId never changes: better",
      reference: "A reference",
      references: "References",
    },
  },
};
