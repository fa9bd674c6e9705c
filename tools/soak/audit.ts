/**
 * The end of a run: is every history explained, is the directory what the histories say, and do the service's own
 * books (versions, ledger, cycle counts) say the same?
 */
import pg from "pg";
import { compareCounts } from "./counts.ts";
import type { Content, History, Operation } from "./history.ts";
import { checkObject } from "./linearizability.ts";
import type { Counts, State } from "./model.ts";
import { POISON } from "./poison.ts";

export interface Audit {
  readonly objects: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly violations: readonly string[];
}

interface Held {
  readonly kind: "User" | "Group";
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly content: Content;
}

const HELD = `
  SELECT 'User' AS kind, id, resource->>'userName' AS name, version::int,
         jsonb_build_object('fields', jsonb_strip_nulls(jsonb_build_object(
           'title', resource->'title', 'active', resource->'active'))) AS content
    FROM users WHERE tenant_id = $1
   UNION ALL
  SELECT 'Group', g.id, g.resource->>'displayName', g.version::int,
         jsonb_build_object(
           'fields', jsonb_strip_nulls(jsonb_build_object('externalId', g.resource->'externalId')),
           'members', (SELECT coalesce(jsonb_agg(m.member_id ORDER BY m.member_id::text), '[]')
                         FROM group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id))
    FROM groups g WHERE g.tenant_id = $1`;

/** Reads the whole directory once the installation is quiet, and compares all with all. */
export async function audit(history: History, database: { url: string; tenantId: string }): Promise<Audit> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const held = (await client.query<Held>(HELD, [database.tenantId])).rows;
    const { explained, violations } = checkHistories(history, held);
    const operations = history.operations();
    const acknowledged = operations.filter(({ input, output }) => isSuccess(output) && input.kind !== "read");
    return {
      objects: history.byObject().size,
      operations: operations.length,
      acknowledged: acknowledged.length,
      unknown: operations.filter(({ output }) => output === undefined).length,
      violations: [
        ...violations,
        ...(await checkCounts(client, database.tenantId, explained)),
        ...(await checkLedger(client, database.tenantId)),
        ...(await checkPoison(client)),
      ],
    };
  } finally {
    await client.end();
  }
}

function isSuccess(output: Operation["output"]): boolean {
  return output !== undefined && output.status < 300;
}

/** The last look at each object is an operation of its history, so a write that is missing is found there. */
function checkHistories(
  history: History,
  held: readonly Held[],
): {
  /** What each object may be in the end; undefined where its history is not explained. */
  readonly explained: readonly (readonly State[] | undefined)[];
  readonly violations: readonly string[];
} {
  const byName = new Map(held.map((resource) => [resource.name, resource]));
  const violations: string[] = [];
  if (byName.size < held.length)
    violations.push("two resources have the same name: something was created twice");
  const explained: (readonly State[] | undefined)[] = [];
  for (const [object, operations] of history.byObject()) {
    const last = lastLook(operations, byName.get(object));
    byName.delete(object);
    const verdict = checkObject(last ? [...operations, last] : operations);
    const isExplained = verdict.kind === "linearizable";
    explained.push(isExplained ? verdict.states : undefined);
    if (!isExplained) violations.push(explain(object, operations, verdict));
  }
  for (const { kind, name, id } of byName.values())
    violations.push(`${kind} ${name} (${id}) is of no history`);
  return { explained, violations };
}

/** What is there now, as a read of it; or, where nothing is, a read of what was last known. */
function lastLook(operations: readonly Operation[], held: Held | undefined): Operation | undefined {
  const known = operations.findLast(({ output }) => output?.id !== undefined)?.output?.id;
  const id = held?.id ?? known;
  if (id === undefined) return undefined;
  const output = held
    ? { status: 200, id: held.id, version: held.version, content: held.content }
    : { status: 404 };
  const now = performance.now();
  const [object, index] = [operations[0]?.object ?? "", -1];
  const base = {
    index,
    object,
    client: "audit",
    isLate: false,
    attempts: [],
    input: { kind: "read", id },
  } as const;
  return { ...base, invokedAt: now, returnedAt: now + 1, output };
}

type Unexplained = Exclude<ReturnType<typeof checkObject>, { kind: "linearizable" }>;

function explain(object: string, operations: readonly Operation[], verdict: Unexplained): string {
  const { operation } = verdict;
  const before = operations.filter(({ invokedAt }) => invokedAt <= (operation.returnedAt ?? Infinity));
  const lines = [
    verdict.kind === "undecided"
      ? `${object}: too many operations at once to decide`
      : `${object}: no order of the operations explains this answer`,
    `  ${describe(operation)}`,
    ...(verdict.kind === "violation"
      ? verdict.states.slice(0, 4).map((state) => `  it may have been ${JSON.stringify(state.resource)}`)
      : []),
    "  the operations before it:",
    ...before.slice(-12).map((earlier) => `    ${describe(earlier)}`),
  ];
  return lines.join("\n");
}

function describe({
  index,
  client,
  input,
  output,
  invokedAt,
  returnedAt,
  attempts,
  twin,
}: Operation): string {
  const at = `${invokedAt.toFixed(0)}–${returnedAt?.toFixed(0) ?? "?"}`;
  const twinned = twin === undefined ? "" : ` twin of #${twin}`;
  return `#${index} ${client} ${at}${twinned} ${JSON.stringify(input)} → ${JSON.stringify(output)} [${attempts.join(", ")}]`;
}

const CYCLES = `
  SELECT sum(users_created + groups_created)::int AS created,
         sum(users_updated + users_deactivated + users_reactivated + groups_updated)::int AS updated,
         sum(users_deleted + groups_deleted)::int AS deleted,
         sum(members_added)::int AS "membersAdded", sum(members_removed)::int AS "membersRemoved"
    FROM cycles WHERE tenant_id = $1`;

// A change is a version of a resource, whatever number of writes had it for an answer. The memberships that a change
// made are told once, beside the write that made it.
const LEDGER_COUNTS = `
  SELECT count(*) FILTER (WHERE operation = 'create')::int AS created,
         count(*) FILTER (WHERE operation IN ('replace', 'patch'))::int AS updated,
         count(*) FILTER (WHERE operation = 'delete')::int AS deleted,
         (SELECT count(*)::int FROM member_changes WHERE tenant_id = $1 AND is_added) AS "membersAdded",
         (SELECT count(*)::int FROM member_changes WHERE tenant_id = $1 AND NOT is_added) AS "membersRemoved"
    FROM (SELECT DISTINCT operation, resource_id, version FROM writes
           WHERE tenant_id = $1 AND result = 'applied') changes`;

async function checkCounts(
  client: pg.Client,
  tenantId: string,
  explained: readonly (readonly State[] | undefined)[],
): Promise<readonly string[]> {
  const [cycles, ledger] = await Promise.all(
    [CYCLES, LEDGER_COUNTS].map((text) => client.query<Counts>(text, [tenantId])),
  );
  return compareCounts({ cycles: cycles?.rows[0], ledger: ledger?.rows[0], explained });
}

// Every version a resource has had is that of exactly one change, which the ledger may know under two ids: those of a
// request and of its repetition.
const LEDGER = `
  SELECT w.resource_id AS id, count(DISTINCT w.version)::int AS versions, max(w.version)::int AS last,
         count(*) FILTER (WHERE w.operation = 'create')::int AS creates
    FROM writes w
   WHERE w.tenant_id = $1 AND w.result = 'applied' AND w.version IS NOT NULL
   GROUP BY w.resource_id
  HAVING count(DISTINCT w.version) <> max(w.version) OR count(*) FILTER (WHERE w.operation = 'create') = 0`;

async function checkLedger(client: pg.Client, tenantId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string; versions: number; last: number }>(LEDGER, [tenantId]);
  return rows.map(
    ({ id, versions, last }) => `the ledger knows ${versions} of the ${last} versions of resource ${id}`,
  );
}

const POISONED = `SELECT DISTINCT result FROM writes WHERE correlation_id = $1 AND result <> 'fault'`;

async function checkPoison(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ result: string }>(POISONED, [POISON]);
  return rows.map(({ result }) => `a poisoned job ended as ${result}`);
}
