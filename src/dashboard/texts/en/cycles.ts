/** Cycles: what kind they are and how they went, in a word, and the list of a tenant's. */
import { count, counted } from "./numbers.ts";

export const cyclesTexts = {
  title: "Cycles",
  titleOf: (tenant: string) => `Cycles · ${tenant}`,
  noCycle: "There is no such cycle",
  running: "Running",
  kinds: { initial: "Initial", incremental: "Incremental", on_demand: "On demand", test: "Test" },

  /** In the middle of a sentence. */
  oneOf: {
    initial: "initial cycle",
    incremental: "incremental cycle",
    on_demand: "on demand cycle",
    test: "connection test",
    running: "running cycle",
  },

  verdict: {
    answered: "Answered",
    applied: "Applied",
    running: "Running",
    refused: (many: number) => `${count(many)} refused`,
    faulted: (many: number) => `${count(many)} failed`,
  },
  strip: {
    none: "No cycle yet",
    applied: (many: number) => `${many} applied`,
    refused: (many: number) => `${many} with refusals`,
    faulted: (many: number) => `${many} with faults`,
    last: (many: number, results: readonly string[]) =>
      `Last ${counted(many, "cycle")}: ${results.join(", ")}`,
  },

  columns: {
    started: "Started",
    kind: "Kind",
    result: "Result",
    duration: "Duration",
    created: "Created",
    updated: "Updated",
    deactivated: "Deactivated",
    deleted: "Deleted",
    refused: "Refused",
    failed: "Failed",
    requests: "Requests",
  },

  filter: {
    connection: "Connection",
    allConnections: "All connections",
    kind: "Kind",
    allKinds: "All kinds",
    result: "Result",
    anyResult: "Any result",
    tests: "Connection tests",
    refused: "With refusals",
    faulted: "With faults",
  },
  noneMatches: "No such cycle",
  noneMatchesMore:
    "Nothing matches. Cycles begin with Azure's first request, and are kept for as long as CYCLE_RETENTION_DAYS says.",
  older: "Older cycles",
};
