/** Settings of the installation: where to find what, how long what is kept, and how each tenant is set. */
import { html } from "../../html.ts";
import { count, counted } from "./numbers.ts";

export const settingsTexts = {
  title: "Settings",
  lead: "What holds for the whole installation, and where each tenant's own settings stand.",

  byTenant: "By tenant",
  byConnection: "Settings by connection",
  noTenant: "No tenant is connected",
  noTenantHint: (activatePath: string) => html`Begin with <a href="${activatePath}">Activate Azure</a>.`,
  columns: ["Connection", "Deactivation guard", "Attributes", "Webhooks"],
  guardOff: "Off",
  standardAttributes: "The standard's",
  ownAttributes: (version: number) => `Its own too, version ${version}`,
  webhooks: (all: number, paused: number) => {
    if (all === 0) return "None";
    return paused === 0 ? counted(all, "endpoint") : `${counted(all, "endpoint")}, ${count(paused)} paused`;
  },
  firstOnes: (connections: number, overviewPath: string) =>
    html`These are the first ${connections}; the others stand on the <a href="${overviewPath}">overview</a>.`,

  retention: "How long it is kept",
  retentionLead:
    "These stand in the environment of the processes; the workers delete by them. Users, groups and settings are kept until somebody deletes them.",
  retentionTable: "How long what is kept",
  what: "What",
  days: "Days",
  setBy: "Set by",
  /** What is kept for as long as each of these settings says. */
  retained: {
    WRITE_RETENTION_DAYS: "The ledger and the histories of people, by whole weeks",
    CYCLE_RETENTION_DAYS: "Cycles, with their counts and durations",
    FAILURE_RETENTION_DAYS: "Failed jobs, whatever became of them",
    EVENT_RETENTION_DAYS: "Events for the feed and for redelivery",
    AUDIT_RETENTION_DAYS: "The audit of the console and the command line",
  },
};
