/** Activating Azure for a tenant, and adding another connection to one. */

export const activateTexts = {
  title: "Activate Azure",
  lead: "A tenant is one customer of yours, with users and groups of its own. It gets a connection to Azure AD (Microsoft Entra ID), which only that Azure can open.",
  /** Of a tenant's first connection, stored with it. */
  connectionName: "Azure AD",
  name: "Tenant name",
  nameMore: "As your people know it, such as Contoso Ltd.",
  noName: "Give the tenant a name.",
  nameTooLong: (most: number) => `The name may have ${most} characters at most.`,
  slug: "Short name",
  slugMore:
    "Lower-case letters, digits and hyphens, such as contoso. It stands in addresses and metrics and does not change later.",
  wrongSlug: "The short name may have lower-case letters, digits and hyphens inside, 63 at most.",
  takenSlug: (slug: string) =>
    `The short name “${slug}” is taken. If you just activated it, open it from the overview; otherwise choose another.`,
  submit: "Activate",
  done: (tenant: string) => `Azure is activated for ${tenant}`,
};

export const connectTexts = {
  title: "Add a connection",
  lead: (tenant: string) =>
    `A second identity provider of ${tenant}. All connections of a tenant share its users and groups: what one has created, the other finds.`,
  name: "Name of the connection",
  nameMore: "Such as Azure AD of the subsidiary.",
  wrongName: (most: number) => `Give it a name of ${most} characters at most.`,
  submit: "Add the connection",
  done: (connection: string, tenant: string) => `${connection} can connect to ${tenant}`,

  authentication: "Authentication",
  /** In the words of Azure's form. */
  authentications: {
    client_secret: {
      label: "OAuth 2.0 client credentials",
      hint: "Azure is given a Client Identifier and a Client Secret, and fetches access tokens of an hour by them.",
    },
    federation: {
      label: "OAuth 2.0 workload identity federation",
      hint: "Nothing secret is pasted anywhere: Azure shows a token of its own issuer, which you name on the next page.",
    },
    bearer: {
      label: "Long-lived bearer token",
      hint: "Azure is given a Secret Token. Its gallery no longer accepts it: it is for applications of your own, and must be replaced before it expires.",
    },
  },
};
