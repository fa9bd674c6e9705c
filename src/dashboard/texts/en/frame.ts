/** The frame around every page, where one can go from there, and what is said where a request goes nowhere. */
import { html } from "../../html.ts";

export const frameTexts = {
  /** For `lang`, by which screen readers choose a voice. */
  language: "en",
  skip: "Skip to content",
  main: "Main",
  yourAccount: "Your account",
  signOut: "Sign out",

  sections: {
    overview: "Overview",
    failed: "Failed jobs",
    people: "People",
    queues: "Queues",
    settings: "Settings",
  },
  pagesOfTenant: "Pages of the tenant",
  tenantPages: {
    connections: "Connections",
    cycles: "Cycles",
    attributes: "Attributes",
    roles: "Roles",
    preparation: "People from before",
    reconciliation: "Reconciliation",
    gate: "Login gate",
    keys: "Product keys",
    webhooks: "Webhooks",
    leaving: "Export and end",
  },
  allSettings: "All settings",
  settings: {
    accounts: {
      label: "Accounts",
      summary: "Who may sign in, with which role: invite, change, disable, end sessions.",
    },
    audit: { label: "Audit", summary: "Who changed what and when: searched, and as a file." },
  },

  board: {
    title: "Rollcall queues",
    back: "Back to the console",
    /** Of the languages that the board brings itself. */
    language: "en-GB",
    /** What its buttons are called, for who cannot see them: by the names of their icons. */
    buttons: {
      icons: {
        copy: "Copy",
        check: "Copied",
        maximize: "Full screen",
        minimize: "Leave full screen",
        "more-vertical": "What is shown",
        settings: "Settings",
        "user-circle": "Other pages",
        x: "Close",
      },
      store: "What holds the queues",
      menu: "Open menu",
    },
  },

  notAllowed: "Not allowed",
  roleMissing: (role: string, needed: string) => `Your role is ${role}; this needs the role ${needed}.`,
  plainHttp:
    "The console is answered over HTTPS only. Its operator sets TLS_CERT_FILE, or TRUST_PROXY where a proxy ends TLS.",
  boardIsReadOnly: "The queues are shown here, not changed.",

  badRequest: "Bad request",
  unreadable: "That request cannot be read",
  nothingChanged: (advice: string) => `Nothing was changed. ${advice}`,
  tooLarge: "It holds more text than any form here takes: go back and try again with less.",
  malformed: "Its address or its form is malformed: go back, reload the page, and try again.",

  formExpired: "Form expired",
  expired: "This form has expired",
  sendAgain: "Nothing was changed. Go back, reload the page, and send the form again.",

  failed: "Failed",
  ourFault: "Something failed on our side",
  tryAgain: (correlationId: string) =>
    html`The stores may be out of reach for a moment: try again. If it stays, search the log for
      <code>${correlationId}</code>.`,
};
