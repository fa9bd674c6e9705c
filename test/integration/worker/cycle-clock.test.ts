/** What several workers measured of a cycle adds up to one, and a slow write has a line in the log. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCycle } from "../../../src/store/cycles.ts";
import { readCycleSpans, readCycleTimings } from "../../../src/store/cycle-timings.ts";
import { CycleClock } from "../../../src/worker/cycle-clock.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { writeCommand } from "../../support/write-command.ts";
import { insertTenant } from "../../support/write-commands.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

const AT = Date.UTC(2026, 0, 5, 8);

async function addCycle(): Promise<{ tenantId: string; cycleId: string }> {
  const tenantId = await insertTenant(store.database);
  const connectionId = uuidv7();
  await store.database.query("INSERT INTO connections (tenant_id, id, name) VALUES ($1, $2, 'Azure')", [
    tenantId,
    connectionId,
  ]);
  return { tenantId, cycleId: await openCycle(store.database, { tenantId, connectionId }) };
}

/** A worker that has measured these writes: how long each waited, and how long its transaction took. */
async function measure(
  key: { readonly tenantId: string; readonly cycleId: string },
  writes: readonly (readonly [waitMs: number, commitMs: number])[],
) {
  const lines: unknown[][] = [];
  const clock = new CycleClock(store.database, { warn: (...line: unknown[]) => void lines.push(line) });
  const commands = writes.map(([waitMs, commitMs]) => {
    const command = writeCommand({ ...key, requestedAt: AT - waitMs });
    clock.note(command, { startedAt: AT, endedAt: AT + commitMs }, "applied");
    return command;
  });
  await clock.stop();
  return { commands, lines };
}

test("percentiles, maxima, the slowest write and the spans are those of all workers together", async () => {
  const key = await addCycle();
  const one = await measure(key, [...Array<[number, number]>(15).fill([10, 5]), [900, 6_000]]);
  await measure(key, [...Array<[number, number]>(3).fill([200, 20]), [50, 7]]);

  const { waits, commits, slowest } = await readCycleTimings(store.database, key);

  expect(waits!.p50).toBeGreaterThan(9.4);
  expect(waits!.p50).toBeLessThan(10.6);
  expect(waits!.p95).toBeGreaterThan(190);
  expect(waits!.p95).toBeLessThan(210);
  expect([waits!.max, commits!.max]).toEqual([900, 6_000]);
  const { writeId, correlationId } = one.commands.at(-1)!;
  expect(slowest).toEqual({ writeId, correlationId, ms: 6_900, resourceType: null, resourceId: null });
  const spans = await readCycleSpans(store.database, key);
  expect(spans.map(({ startsAt, applied }) => [startsAt.getTime() - AT, applied])).toEqual([
    [0, 19],
    [5_000, 1],
  ]);
});

test("only the slowest write of a second, and only one that is slow, has a line in the log, by its ids", async () => {
  const key = await addCycle();

  const quick = await measure(key, [[20, 900]]);
  const slow = await measure(key, [
    [1_200, 10],
    [2_000, 500],
    [5, 5],
  ]);

  expect(quick.lines).toEqual([]);
  const { writeId, correlationId } = slow.commands[1]!;
  expect(slow.lines).toEqual([
    [{ tenantId: key.tenantId, writeId, correlationId, ms: 2_500 }, "a write was slow"],
  ]);
});

test("measures of a cycle that is gone, or of none, harm nobody", async () => {
  const key = await addCycle();
  await store.database.query("DELETE FROM cycles WHERE tenant_id = $1", [key.tenantId]);

  const { lines } = await measure(key, [[1, 1]]);
  const clock = new CycleClock(store.database, { warn: (...line: unknown[]) => void lines.push(line) });
  clock.note(writeCommand({ cycleId: null }), { startedAt: AT, endedAt: AT }, "applied");
  await clock.stop();

  expect(lines).toEqual([]);
  expect(await readCycleSpans(store.database, key)).toEqual([]);
});
