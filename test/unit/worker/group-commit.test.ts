/** Which writes share a transaction: what arrived meanwhile, and of one tenant no more than its share beside others. */
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { GroupCommit } from "../../../src/worker/group-commit.ts";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { writeCommand } from "../../support/write-command.ts";

/** A commit that ends when told, the oldest first, and the tenants of each batch that came to it. */
function openGroupCommit(batchesMax = 1) {
  const batches: string[][] = [];
  const ends: (() => void)[] = [];
  const clock = { now: 0 };
  const groupCommit = new GroupCommit<string>({
    commit: (writes) => {
      batches.push(writes.map(({ command }) => command.tenantId));
      return new Promise((resolve) => ends.push(() => resolve(writes.map(({ command }) => command.writeId))));
    },
    ...{
      isTransient: () => false,
      onBatch: () => undefined,
      batchMax: 8,
      tenantBatchMax: 2,
      batchesMax,
      besideMin: 4,
    },
    now: () => clock.now,
  });
  const write = (tenantId: string, count = 1, fields: Partial<WriteCommand> = {}): Promise<string>[] =>
    Array.from({ length: count }, () =>
      groupCommit.apply({ command: writeCommand({ resourceId: uuidv7(), ...fields, tenantId }), attempt: 1 }),
    );
  const endBatch = async (): Promise<void> => {
    ends.shift()?.();
    await tick();
  };
  return { batches, clock, write, endBatch, oldestWaiting: () => groupCommit.oldestWaiting() };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a tenant that writes alone fills the batch", async () => {
  const { batches, write, endBatch } = openGroupCommit();
  const writes = write(uuidv7(), 10);
  await tick();
  await endBatch();
  await endBatch();

  await Promise.all(writes);
  expect(batches.map(({ length }) => length)).toEqual([8, 2]);
});

test("beside others a tenant has its share of each batch, in its order, and nobody waits behind its crowd", async () => {
  const { batches, write, endBatch } = openGroupCommit();
  const [crowd, other] = [uuidv7(), uuidv7()];
  const ended: number[] = [];
  const many = write(crowd, 5).map((each, index) => each.then(() => ended.push(index)));
  const one = write(other);
  await tick();
  expect(batches).toEqual([[crowd, crowd, other]]);
  await endBatch();
  await Promise.all(one);
  await endBatch();
  await endBatch();

  await Promise.all(many);
  expect(batches.map(({ length }) => length)).toEqual([3, 2, 1]);
  expect(ended).toEqual([0, 1, 2, 3, 4]);
});

test("who has not written for a while takes no room from the others", async () => {
  const { batches, clock, write, endBatch } = openGroupCommit();
  const [crowd, gone] = [uuidv7(), uuidv7()];
  const writes = write(gone);
  await tick();
  await endBatch();
  clock.now += 2_000;
  writes.push(...write(crowd, 8));
  await tick();
  await endBatch();

  await Promise.all(writes);
  expect(batches.map(({ length }) => length)).toEqual([1, 8]);
});

test("a tenant that writes alone has a batch beside the one under way once enough has gathered, and leaves a place", async () => {
  const { batches, write, endBatch } = openGroupCommit(3);
  const tenant = uuidv7();
  const writes = write(tenant);
  await tick();
  writes.push(...write(tenant, 3));
  await tick();
  expect(batches.map(({ length }) => length)).toEqual([1]);
  writes.push(...write(tenant));
  await tick();
  expect(batches.map(({ length }) => length)).toEqual([1, 4]);
  writes.push(...write(tenant, 5));
  await tick();
  expect(batches.map(({ length }) => length)).toEqual([1, 4]);
  for (let batch = 0; batch < 3; batch += 1) await endBatch();

  await Promise.all(writes);
  expect(batches.map(({ length }) => length)).toEqual([1, 4, 5]);
});

test("who comes anew does not wait for the batch of another, nor does another get a second one then", async () => {
  const { batches, write, endBatch } = openGroupCommit(3);
  const [crowd, other] = [uuidv7(), uuidv7()];
  const writes = write(crowd);
  await tick();
  writes.push(...write(crowd, 5), ...write(other));
  await tick();
  expect(batches).toEqual([[crowd], [other]]);
  for (let batch = 0; batch < 5; batch += 1) await endBatch();

  await Promise.all(writes);
  expect(batches.map(({ length }) => length)).toEqual([1, 1, 2, 2, 1]);
});

test("writes of one resource never are under way at once", async () => {
  const { batches, write, endBatch } = openGroupCommit(3);
  const [tenant, resourceId] = [uuidv7(), uuidv7()];
  const ended: string[] = [];
  const note = (name: string) => (): void => void ended.push(name);
  const first = write(tenant, 1, { resourceId }).map((each) => each.then(note("first")));
  await tick();
  const second = write(tenant, 1, { resourceId }).map((each) => each.then(note("second")));
  const others = write(tenant, 4).map((each) => each.then(note("other")));
  await tick();
  expect(batches.map(({ length }) => length)).toEqual([1, 4]);
  for (let batch = 0; batch < 3; batch += 1) await endBatch();

  await Promise.all([...first, ...second, ...others]);
  expect(ended).toEqual(["first", "other", "other", "other", "other", "second"]);
  expect(batches.map(({ length }) => length)).toEqual([1, 4, 1]);
});

test("what waits longest is told, and what is under way waits no more", async () => {
  const { write, endBatch, oldestWaiting } = openGroupCommit();
  const tenant = uuidv7();
  expect(oldestWaiting()).toBeUndefined();
  const first = write(tenant, 8, { requestedAt: 1_000 });
  await tick();
  expect(oldestWaiting()).toBeUndefined();
  // One that is delivered again is older than those before it.
  const later = [...write(tenant, 1, { requestedAt: 3_000 }), ...write(tenant, 1, { requestedAt: 2_000 })];

  expect(oldestWaiting()).toBe(2_000);
  await endBatch();
  expect(oldestWaiting()).toBeUndefined();
  await endBatch();
  await Promise.all([...first, ...later]);
});
