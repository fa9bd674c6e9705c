/** One tenant: its connections, and how many users and groups it has. */
import { html } from "../../html.ts";
import { count } from "./numbers.ts";

export const tenantTexts = {
  activeUsers: "Active users",
  /** @param active - of `users` */
  active: (active: number, users: number) =>
    html`${count(active)} <span class="muted">of ${count(users)}</span>`,
  groups: "Groups",
  shortName: "Short name",
  created: "Created",
  people: "People",
  failedJobs: "Failed jobs",

  connections: "Connections",
  columns: ["Connection", "State", "Created", "Token expires", "Token last used"],
  noConnection: "No connection yet",
  noConnectionHint: "Nobody provisions this tenant.",
  addConnection: "Add a connection",
  noToken: "No token",
  never: "Never",
  disconnected: "Disconnected",
  tokenExpired: "Token expired",
  waiting: "Waiting for Azure",
  connected: "Connected",
};
