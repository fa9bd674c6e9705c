/** What a digest says of a cycle that failed: counts, reasons with their explanation, a link. Codes and counts, no person. */
import { type Explanation, explanationOf } from "../scim/index.ts";
import { type CycleFailures, groupCycleFailures } from "../store/cycle-failures.ts";
import { type Cycle, findCycle } from "../store/cycle-history.ts";
import type { Database } from "../store/database.ts";
import type { ClaimedDigest, DigestKey } from "../store/digest-deliveries.ts";
import { type Connection, findConnection } from "../store/tenants.ts";
import type { Mail } from "../platform/mail.ts";

type Reason = Pick<CycleFailures, "code" | "operation" | "resourceType" | "result" | "count" | "open"> &
  Partial<Explanation>;

export interface Digest {
  readonly id: string;
  readonly connection: Connection;
  readonly cycle: Cycle;
  readonly reasons: readonly Reason[];
  /** Null where nobody has said under which address the console is reached. */
  readonly link: string | null;
}

/** As things stand: what was mended meanwhile is no longer open. @returns undefined once the cycle is gone */
export async function composeDigest(
  db: Database,
  { id, tenantId, connectionId, cycleId }: ClaimedDigest & Pick<DigestKey, "cycleId">,
  consoleUrl: string | undefined,
): Promise<Digest | undefined> {
  const [cycle, connection, groups] = await Promise.all([
    findCycle(db, tenantId, cycleId),
    findConnection(db, tenantId, connectionId),
    groupCycleFailures(db, { tenantId, cycleId }),
  ]);
  if (cycle === undefined || connection === undefined) return undefined;
  const reasons = groups.map(({ code, operation, resourceType, result, count, open }) => ({
    ...{ code, operation, resourceType, result, count, open },
    ...explanationOf(code),
  }));
  const link =
    consoleUrl === undefined ? null : `${consoleUrl}/tenants/${connection.tenantSlug}/cycles/${cycleId}`;
  return { id: `dig_${id}`, connection, cycle, reasons, link };
}

/** For a receiver, after Standard Webhooks: a type, a time and data. */
export function digestBody({ id, connection, cycle, reasons, link }: Digest): string {
  const { startedAt, endedAt, kind, requests, refused, faulted, retried, unchanged } = cycle;
  return JSON.stringify({
    payloadVersion: 1,
    id,
    type: "cycle.failed",
    timestamp: endedAt ?? cycle.lastRequestAt,
    tenant: connection.tenantSlug,
    data: {
      cycleId: cycle.id,
      connectionId: connection.id,
      connectionName: connection.name,
      ...{ kind, startedAt, endedAt, requests },
      counts: { applied: appliedIn(cycle), unchanged, refused, faulted, retried },
      reasons,
      link,
    },
  });
}

const OPERATIONS: Readonly<Record<string, string>> = { patch: "update" };
const KINDS = {
  initial: "initial",
  incremental: "incremental",
  on_demand: "on-demand",
  test: "test",
} as const;

/** For people, in plain text. */
export function digestMail({ id, connection, cycle, reasons, link }: Digest, to: readonly string[]): Mail {
  const { tenantName, name } = connection;
  const { kind, startedAt, endedAt, lastRequestAt, refused, faulted, unchanged } = cycle;
  const failed = refused + faulted;
  const lines = [
    `The ${kind === null ? "" : `${KINDS[kind]} `}cycle of ${tenantName} · ${name} ended with failures.`,
    "",
    `Began              ${utc(startedAt)}`,
    `Ended              ${utc(endedAt ?? lastRequestAt)}`,
    `Applied            ${appliedIn(cycle)}`,
    `Already as wanted  ${unchanged}`,
    `Refused            ${refused}`,
    `Failed             ${faulted}`,
    ...reasons.flatMap(paragraph),
    "",
    link === null ? "The cycle is shown in the console." : `Look at the cycle: ${link}`,
    "",
    "You get this because your address is set for this connection's digest; an admin changes that in the console.",
    "",
  ];
  const subject = `Rollcall: ${failed} ${failed === 1 ? "write" : "writes"} failed · ${tenantName} · ${name}`;
  return { id, to, subject, text: lines.join("\n") };
}

function paragraph({ code, operation, resourceType, result, count, open, ...why }: Reason): string[] {
  const what = `${OPERATIONS[operation] ?? operation} ${resourceType.toLowerCase()}: ${code}`;
  const times = `${count} ${result === "fault" ? "failed" : "refused"}, ${open} of them still open`;
  return [
    "",
    `${what.charAt(0).toUpperCase()}${what.slice(1)} (${times})`,
    ...(why.meaning === undefined ? [] : [`  ${why.meaning}`]),
    ...(why.inAzure === undefined ? [] : [`  In Azure: ${why.inAzure}`]),
    ...(why.here === undefined ? [] : [`  Here: ${why.here}`]),
  ];
}

function appliedIn({ writes }: Cycle): number {
  return Object.entries(writes).reduce((sum, [name, n]) => (name.endsWith(".applied") ? sum + n : sum), 0);
}

function utc(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
