/** A run in words. */
import type { SoakReport } from "./soak.ts";

export function formatReport(report: SoakReport): string {
  const { audit, vitals, violations, settings } = report;
  const { memory, connections } = vitals;
  return [
    `seed ${settings.seed}, queue on ${settings.queue}, ${settings.minutes} minutes`,
    "",
    `operations ${audit.operations} on ${audit.objects} objects; writes acknowledged ${audit.acknowledged}; unknown ${audit.unknown}`,
    `attempts   ${listOf(report.answers)}`,
    `memory     ${memory.early} MiB early, ${memory.late} late, ${memory.max} at most (largest process)`,
    `Postgres   ${connections.early} connections early, ${connections.late} late, ${connections.max} at most`,
    `log        ${vitals.linesPerMinute} lines a minute`,
    "",
    "fault                 times   recovery p50      max",
    ...[...report.faults]
      .sort()
      .map(([name, times]) => faultLine(name, times, report.recoveries.get(name) ?? [])),
    ...(report.skipped.length > 0 ? [`not possible here: ${report.skipped.join(", ")}`] : []),
    "",
    violations.length === 0
      ? "nothing lost, nothing doubled: every answer is explained"
      : `${violations.length} VIOLATIONS`,
    ...violations,
    "",
  ].join("\n");
}

function faultLine(name: string, times: number, recoveries: readonly number[]): string {
  const sorted = [...recoveries].sort((a, b) => a - b);
  const p50 = sorted[Math.floor(sorted.length / 2)];
  const ms = (value: number | undefined): string =>
    value === undefined ? "–" : value === Infinity ? "none" : `${Math.round(value)} ms`;
  return `${name.padEnd(20)} ${String(times).padStart(6)} ${ms(p50).padStart(14)} ${ms(sorted.at(-1)).padStart(8)}`;
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => `${key} × ${count}`)
    .join(", ");
}
