/** A process that starts before its Postgres: it waits where waiting helps, says so now and then, and gives up in time. */
import { expect, test } from "vitest";
import { waitForPostgres } from "../../../src/wait-for-postgres.ts";

const refused = (): Error => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

/** A Postgres that answers from the given attempt on. */
function openWait({ from, error = refused() }: { readonly from: number; readonly error?: Error }) {
  const lines: string[] = [];
  const say = (_fields: unknown, line?: string): void => void lines.push(line ?? "");
  const logger = { warn: say, info: say } as Parameters<typeof waitForPostgres>[1]["logger"];
  let attempts = 0;
  const reach = (): Promise<void> => {
    attempts += 1;
    return attempts < from ? Promise.reject(error) : Promise.resolve();
  };
  const wait = (waitMs: number): Promise<void> =>
    waitForPostgres(reach, { waitMs, logger, pauseMs: 5, sayEveryMs: 10_000 });
  return { wait, lines, attempts: () => attempts };
}

test("what is there at once is not waited for, and nothing is said", async () => {
  const { wait, lines } = openWait({ from: 1 });

  await wait(1_000);
  expect(lines).toEqual([]);
});

test("it is asked again until it is there; that it waits is said once, and that it is there", async () => {
  const { wait, lines, attempts } = openWait({ from: 4 });

  await wait(10_000);
  expect(attempts()).toBe(4);
  expect(lines).toEqual(["Postgres cannot be reached; the process waits for it", "Postgres is there"]);
});

test("when the time is over, its last error is the process's", async () => {
  const { wait } = openWait({ from: Infinity });

  await expect(wait(50)).rejects.toThrow("ECONNREFUSED");
});

test("what waiting does not mend ends it at once", async () => {
  const { wait, attempts } = openWait({ from: Infinity, error: new Error("password authentication failed") });

  await expect(wait(10_000)).rejects.toThrow("password");
  expect(attempts()).toBe(1);
});
