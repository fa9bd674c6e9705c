/** What a simulation reports: as a value, for files and tests, and as text for people. */
import type { ErrorReport, OperationReport, Totals } from "./stats.ts";
import type { VerificationReport } from "./verify.ts";

export interface CycleReport {
  readonly cycle: number;
  readonly kind: "initial" | "incremental";
  readonly seconds: number;
  readonly requests: number;
  readonly writes: number;
  /** Requests that were answered well, by operation. */
  readonly done: Totals["done"];
  readonly requestsPerSecond: number;
  readonly writesPerSecond: number;
}

export interface Report {
  readonly startedAt: string;
  readonly seconds: number;
  readonly operations: readonly OperationReport[];
  /** The last hundred. */
  readonly cycles: readonly CycleReport[];
  readonly errors: ErrorReport;
  /** Objects whose change failed and was never made good, with the last reason. */
  readonly unmended: readonly string[];
  /** Why the job was stopped for good, as Entra ID does when the credential or the probe is refused. */
  readonly quarantined: string | undefined;
  readonly verification: VerificationReport | undefined;
  /** Verified, no difference, every error mended. */
  readonly clean: boolean;
}

/** The report for people; its last line is the verdict in plain form. */
export function formatReport(report: Report): string {
  return [
    "",
    ...operationLines(report.operations),
    "",
    ...report.cycles.map(cycleLine),
    "",
    ...errorLines(report),
    ...(report.quarantined === undefined ? [] : [`quarantined: ${report.quarantined}`]),
    ...(report.verification?.first ?? []).map((text) => `difference: ${text}`),
    verdict(report.verification),
  ].join("\n");
}

/** One line a script can look for. */
export function verdict(verification: VerificationReport | undefined): string {
  if (verification === undefined) return "verification: not done";
  const { users, groups, memberships, differences } = verification;
  return `verification: ${users} users, ${groups} groups, ${memberships} memberships, ${differences} differences`;
}

/** How fast a cycle was, in one line. */
export function cycleLine(cycle: CycleReport): string {
  const { requests, writes, seconds, requestsPerSecond, writesPerSecond } = cycle;
  const speed = `${requestsPerSecond} requests/s, ${writesPerSecond} writes/s`;
  return `cycle ${cycle.cycle} (${cycle.kind}): ${requests} requests, ${writes} writes in ${seconds} s; ${speed}`;
}

const COLUMNS = ["operation", "requests", "errors", "retries", "p50 ms", "p95 ms", "p99 ms", "max ms"];
const NAME_WIDTH = 18;
const NUMBER_WIDTH = 10;

function operationLines(operations: readonly OperationReport[]): string[] {
  const line = ([name = "", ...cells]: readonly (string | number)[]): string =>
    String(name).padEnd(NAME_WIDTH) + cells.map((cell) => String(cell).padStart(NUMBER_WIDTH)).join("");
  return [
    line(COLUMNS),
    ...operations.map((row) =>
      line([
        row.operation,
        row.requests,
        row.errors,
        row.retries,
        row.p50Ms.toFixed(1),
        row.p95Ms.toFixed(1),
        row.p99Ms.toFixed(1),
        row.maxMs.toFixed(1),
      ]),
    ),
  ];
}

function errorLines({ errors, unmended }: Report): string[] {
  const kinds = Object.entries(errors.byStatus).map(([status, count]) => `${count} × ${status}`);
  const listed = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  return [
    `errors: ${errors.total}${listed}, ${unmended.length} not mended`,
    ...errors.first.map(({ operation, status, target, detail }) =>
      `  ${operation}: ${status} for ${target} ${detail}`.trimEnd(),
    ),
    ...unmended.map((reason) => `not mended: ${reason}`),
  ];
}
