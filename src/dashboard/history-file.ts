/** A history as a file, for whoever must hand it on. Values are in it only for the roles that may see them. */
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
  return [COLUMNS.join(","), ...lines.map((line) => line.map(cell).join(","))].join("\r\n") + "\r\n";
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

/** Quoted where it must be; what a spreadsheet would take for a formula is made text. RFC 4180. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function historyJson(entries: readonly HistoryEntry[], role: Role): string {
  const shown = mayReadValues(role) ? entries : entries.map((entry) => ({ ...entry, changes: null }));
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}
