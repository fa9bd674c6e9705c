/** Which writes share a transaction: what arrived meanwhile, and of one tenant no more than its share beside others. */
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { GroupCommit } from "../../../src/worker/group-commit.ts";
import { writeCommand } from "../../support/write-command.ts";

/** A commit that ends when told, and the tenants of each batch that came to it. */
function openGroupCommit() {
  const batches: string[][] = [];
  const ends: (() => void)[] = [];
  const clock = { now: 0 };
  const groupCommit = new GroupCommit<string>({
    commit: (writes) => {
      batches.push(writes.map(({ command }) => command.tenantId));
      return new Promise((resolve) => ends.push(() => resolve(writes.map(({ command }) => command.writeId))));
    },
    ...{ isTransient: () => false, onBatch: () => undefined, batchMax: 8, tenantBatchMax: 2 },
    now: () => clock.now,
  });
  const write = (tenantId: string, count = 1): Promise<string>[] =>
    Array.from({ length: count }, () =>
      groupCommit.apply({ command: writeCommand({ tenantId }), attempt: 1 }),
    );
  const endBatch = async (): Promise<void> => {
    ends.shift()?.();
    await tick();
  };
  return { batches, clock, write, endBatch };
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
