/** The first page: every connection, how its last cycles went, and what needs a person. */
import { html } from "../../html.ts";
import { count } from "./numbers.ts";

export const overviewTexts = {
  title: "Overview",
  activate: "Activate Azure",
  nothingYet: "No identity provider is connected yet",
  nothingYetMeans:
    "Activating gives you the two values Azure AD asks for: a Tenant URL and a Secret Token. Users and groups arrive with Azure's first cycle.",
  mayNotActivate: "Your role may look but not activate. Ask an admin or the owner to do it.",

  summary: "Summary",
  /** Beside the number of those that are active. */
  activeUsersOf: (users: number) => html`active users <span class="muted">of ${count(users)}</span>`,
  connectionsWord: (connections: number) => (connections === 1 ? "connection" : "connections"),
  failedJobsOpen: (path: string) => html`<a href="${path}">failed jobs</a> <span class="muted">open</span>`,

  connections: "Connections",
  activeUsers: "Active users",
  /** @param active - of `users` */
  active: (active: number, users: number) =>
    html`${count(active)} <span class="muted">of ${count(users)}</span>`,
  lastRequest: "Last request",
  noRequest: "None yet",
  tokenExpires: "Token expires",
  nextBeat: "Next beat",
  wasExpected: "Was expected",
  deactivationsHeld: (users: number) => `${count(users)} deactivations held`,

  /** How a connection is. */
  states: {
    disconnected: "Disconnected",
    noToken: "No token",
    tokenExpired: "Token expired",
    tokenExpiresSoon: "Token expires soon",
    waiting: "Waiting for Azure",
    late: "Late",
    silent: "Silent",
    cycleRunning: "Cycle running",
    connected: "Connected",
  },
};
