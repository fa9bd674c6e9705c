/** A history as a file, for whoever must hand it on. Values are in it only for the roles that may see them. */
import { csvLine } from "../platform/csv.ts";
import type { Role } from "../store/accounts.ts";
import type { HistoryEntry } from "../store/history.ts";
import { mayReadValues } from "./mask.ts";

const COLUMNS = [
  "at",
  "operation",
  "result",
  "code",
  "group",
  "attribute",
  "from",
  "to",
  "connection",
  "cycle",
  "correlationId",
  "clientRequestId",
] as const;

/** One line for each attribute that changed, or for a write that changed none. */
export function historyCsv(entries: readonly HistoryEntry[], role: Role): string {
  const lines = entries.flatMap((entry) => linesOf(entry, mayReadValues(role)));
  return [COLUMNS, ...lines].map(csvLine).join("");
}

function linesOf(entry: HistoryEntry, showsValues: boolean): readonly (readonly unknown[])[] {
  const { endedAt, result, code, groupId, connectionName, cycleId, correlationId, clientRequestId } = entry;
  const isMembership = entry.isAdded !== null;
  const operation = isMembership ? (entry.isAdded ? "added" : "removed") : entry.operation;
  const names = isMembership || entry.changed.length === 0 ? [""] : entry.changed;
  return names.map((name) => {
    const change = showsValues ? entry.changes?.[name] : undefined;
    return [
      ...[endedAt.toISOString(), operation, result, code, groupId, name, change?.from, change?.to],
      ...[connectionName, cycleId, correlationId, clientRequestId],
    ];
  });
}

export function historyJson(entries: readonly HistoryEntry[], role: Role): string {
  const shown = mayReadValues(role) ? entries : entries.map((entry) => ({ ...entry, changes: null }));
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}
