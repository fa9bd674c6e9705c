/** One connection: its facts, its cycles and tokens, its dialect, and how it ends. */

export const connectionTexts = {
  lookAgain: "Look again",
  tenantUrl: "Tenant URL",
  shortName: "Short name",
  dialect: "Dialect",
  guard: "Deactivation guard",
  limits: "Limits",
  digest: "Digest of failed cycles",
  created: "Created",
  failedJobs: "Failed jobs",
  showFailed: "Show this tenant's",
  setUp: "Setting up Azure, and its attribute mappings",

  cycles: {
    title: "Recent cycles",
    none: "No cycle yet",
    noneMore:
      "The first one begins when provisioning is started in Azure; later ones follow about every 40 minutes.",
    all: "All cycles",
  },

  tokens: {
    title: "Tokens",
    token: "Token",
    kind: "Kind",
    state: "State",
    created: "Created",
    expires: "Expires",
    lastUsed: "Last used",
    change: "Change",
    kinds: { bearer: "Bearer token", client_secret: "Client secret" },
    never: "Never",
    none: "No token yet",
    noneMore: "Azure cannot connect without one.",
    revoke: "Revoke",
    rotate: "Rotate token",
    create: "Create a token",
    oauth: "OAuth 2.0",
    revokeAll: "Revoke all tokens",
    disconnect: "Disconnect",
    states: {
      revoked: "Revoked",
      expired: "Expired",
      replaced: "Replaced",
      live: "Live",
      stillWorks: "Replaced, still works",
    },
  },

  dialects: {
    title: "Dialect",
    lead: "Identity providers go beyond the standard in ways of their own. What this connection's may send holds from the next request on; what it sent before stays as it is.",
    label: "Identity provider",
    change: "Change",
    unknown: "Choose one of the dialects.",
    /** @param summary - of the dialect: what goes beyond the standard */
    summary: (label: string, summary: string) => `${label} ${summary}.`,
  },

  disconnect: {
    title: (name: string) => `Disconnect ${name}`,
    lead: (tenant: string) =>
      `The connection's tokens are dead at once: Azure is answered 401, and no user or group of ${tenant} is created, changed or deactivated by it any more. What is held stays, and so do its history and events.`,
    takeAlong: "Take the directory along",
    files: {
      csv: "Users as CSV",
      json: "Users and groups as JSON",
      bulk: "Users and groups as a SCIM bulk request",
    },
    gate: "Without a connection, the login gate",
    gateMore: "While no identity provider is connected the product is answered not_activated, and this.",
    allow: "Lets people in: the product decides by itself",
    refuse: "Turns people away, but for exempt accounts",
    understood: (name: string, tenant: string) => `I understand that ${name} no longer provisions ${tenant}`,
    notUnderstood: "Tick the box to confirm that the connection is to end.",
    submit: "Disconnect",
  },
};
