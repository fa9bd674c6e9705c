/** Whole simulations against a real little SCIM server: clean ones, and ones whose server misbehaves. */
import { afterEach, describe, expect, test } from "vitest";
import type { SimulationOptions } from "../../../tools/azure-ad/simulation.ts";
import { runSimulation } from "../../../tools/azure-ad/simulation.ts";
import type { Report } from "../../../tools/azure-ad/report.ts";
import type { Fault, SeenRequest, TinyScimServer } from "../../support/tiny-scim-server.ts";
import { membersOf, startTinyScimServer, TINY_TOKEN } from "../../support/tiny-scim-server.ts";

let server: TinyScimServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(
  fault?: (request: SeenRequest, tiny: TinyScimServer) => Fault | undefined,
): Promise<TinyScimServer> {
  server = await startTinyScimServer(fault === undefined ? {} : { fault });
  return server;
}

function simulate({ url }: TinyScimServer, options: Partial<SimulationOptions> = {}): Promise<Report> {
  return runSimulation({
    url,
    token: TINY_TOKEN,
    users: 12,
    groups: 3,
    groupSize: 6,
    cycles: 4,
    beat: 0,
    concurrency: 4,
    dialect: "legacy",
    seed: 7,
    batch: 5,
    retry: { tries: 3, baseMs: 1, maxMs: 4 },
    ...options,
  });
}

const isReadBack = ({ url }: SeenRequest): boolean => url.includes("startIndex=1&");
const isMemberAdd = ({ method, url, body }: SeenRequest): boolean =>
  method === "PATCH" && url.includes("/Groups/") && /"op":"add"/i.test(JSON.stringify(body));

/** A fault for the first `times` requests that are meant. */
function first(
  times: number,
  isMeant: (request: SeenRequest) => boolean,
  met: Fault,
): (request: SeenRequest) => Fault | undefined {
  let left = times;
  return (request) => (isMeant(request) && left-- > 0 ? met : undefined);
}

describe("a service that behaves", () => {
  test.each(["legacy", "compliant", "mixed"] as const)(
    "is verified without difference in %s",
    async (dialect) => {
      const size = { users: 40, groups: 5, groupSize: 12, cycles: 5 };
      const report = await simulate(await start(), { dialect, ...size });

      expect(report.verification?.first).toEqual([]);
      expect(report).toMatchObject({ clean: true, unmended: [], errors: { total: 0 } });
      expect(report.verification?.users).toBeGreaterThan(40);
      expect(report.verification?.memberships).toBeGreaterThan(40);
      const operations = report.operations.map(({ operation }) => operation);
      expect(operations).toEqual(
        expect.arrayContaining([
          "probe",
          "create user",
          "patch user",
          "set manager",
          "deactivate user",
          "reactivate user",
          "delete user",
          "create group",
          "rename group",
          "delete group",
          "add members",
          "remove members",
          "check membership",
        ]),
      );
    },
  );

  test("sees requests as Entra ID sends them", async () => {
    const tiny = await start();
    await simulate(tiny, { cycles: 1 });

    const writes = tiny.seen.filter(({ method }) => method !== "GET");
    expect(new Set(writes.map(({ headers }) => headers["content-type"]))).toEqual(
      new Set(["application/scim+json; charset=utf-8"]),
    );
    expect(tiny.seen.filter(({ headers }) => headers["user-agent"] !== undefined)).toEqual([]);
    expect(tiny.seen[0]?.url).toMatch(/^\/scim\/v2\/Users\?filter=userName\+eq\+%22[0-9a-f-]{36}%22$/);
    const groupMatch = tiny.seen.find(({ url }) => url.includes("C%2B%2B"));
    expect(groupMatch?.url).toBe(
      "/scim/v2/Groups?excludedAttributes=members&filter=displayName+eq+%22C%2B%2B+Guild%22",
    );
  });

  test("that holds an earlier run's directory is matched and corrected", async () => {
    const tiny = await start();
    await simulate(tiny, { users: 40, groups: 5 });
    const created = tiny.seen.filter(({ method }) => method === "POST").length;
    const report = await simulate(tiny, {
      users: 40,
      groups: 5,
      keep: true,
      dialect: "compliant",
      cycles: 1,
    });

    expect(report.verification?.first).toEqual([]);
    expect(report.clean).toBe(true);
    // Only who was purged and what was deleted by the earlier run is created anew.
    const anew = tiny.seen.filter(({ method }) => method === "POST").length - created;
    expect(anew).toBeLessThan(8);
  });

  test("is verified between cycles where that is asked for", async () => {
    let shown = "";
    const output = { write: (text: string) => (shown += text) };
    const report = await simulate(await start(), { cycles: 4, verifyEvery: 2, output });

    expect(report.clean).toBe(true);
    expect(shown.match(/^verification: .* 0 differences$/gmu)).toHaveLength(1);
  });

  test("is left with a verification when the simulation is stopped", async () => {
    const stopping = new AbortController();
    const tiny = await start(({ url }) => {
      if (url.includes("/Groups/")) stopping.abort();
      return undefined;
    });
    const report = await simulate(tiny, { cycles: 0, signal: stopping.signal });

    expect(report.clean).toBe(true);
    expect(report.verification?.users).toBe(12);
    expect(report.cycles).toHaveLength(1);
  });
});

describe("faults that pass", () => {
  const isWrite = ({ method }: SeenRequest): boolean => method !== "GET";

  test.each<[string, Fault]>([
    ["503", { kind: "status", status: 503, retryAfter: "0" }],
    ["429", { kind: "status", status: 429 }],
    ["ECONNRESET", { kind: "drop" }],
    ["ECONNRESET", { kind: "drop-after" }],
  ])("%s (%o) is mended by trying again, and counted", async (status, met) => {
    const report = await simulate(await start(first(2, isWrite, met)), { cycles: 2 });

    expect(report.verification?.first).toEqual([]);
    expect(report.clean).toBe(true);
    expect(report.errors.byStatus).toMatchObject({ [status]: 2 });
    expect(report.operations.find(({ operation }) => operation === "create user")?.retries).toBe(2);
  });

  test("an answer lost after a create is a conflict when asked again, and is matched", async () => {
    const isPost = ({ method }: SeenRequest): boolean => method === "POST";
    const report = await simulate(await start(first(1, isPost, { kind: "drop-after" })), { cycles: 1 });

    expect(report.clean).toBe(true);
    expect(report.errors.byStatus).toEqual({ ECONNRESET: 1, 409: 1 });
  });

  test("outlasting all tries puts the change aside until the next cycle", async () => {
    const report = await simulate(await start(first(3, isMemberAdd, { kind: "status", status: 500 })), {
      cycles: 2,
      concurrency: 1,
    });

    expect(report.verification?.first).toEqual([]);
    expect(report).toMatchObject({ clean: true, errors: { total: 3, byStatus: { 500: 3 } } });
  });

  test("a member add that took effect unanswered is known again after it is read", async () => {
    const report = await simulate(await start(first(3, isMemberAdd, { kind: "drop-after" })), {
      concurrency: 1,
    });

    expect(report.verification?.first).toEqual([]);
    expect(report.clean).toBe(true);
  });
});

describe("faults that stay", () => {
  test("a refusal that never ends is reported as not mended", async () => {
    const refuse = (request: SeenRequest): Fault | undefined =>
      isMemberAdd(request) ? { kind: "status", status: 400 } : undefined;
    const report = await simulate(await start(refuse), { cycles: 1 });

    expect(report.clean).toBe(false);
    expect(report.unmended).toHaveLength(3);
    expect(report.unmended[0]).toContain("400");
  });

  test("a refused token ends the job", async () => {
    const report = await simulate(await start(), { token: "wrong" });

    expect(report).toMatchObject({ clean: false, verification: undefined });
    expect(report.quarantined).toContain("401");
  });
});

describe("the verification finds", () => {
  function tampering(tamper: (tiny: TinyScimServer) => void): Promise<TinyScimServer> {
    let isDone = false;
    return start((request, tiny) => {
      if (isReadBack(request) && !isDone) {
        isDone = true;
        tamper(tiny);
      }
      return undefined;
    });
  }
  const someUser = ({ users }: TinyScimServer) => [...users.values()][3]!;
  const someGroup = ({ groups }: TinyScimServer) => [...groups.values()][1]!;

  test.each<[string, (tiny: TinyScimServer) => void, RegExp]>([
    ["a lost member", (tiny) => membersOf(someGroup(tiny)).pop(), /member id-\d+ is missing/],
    [
      "a surplus member",
      (tiny) => membersOf(someGroup(tiny)).push({ value: "x" }),
      /member x is not expected/,
    ],
    [
      "another title",
      (tiny) => (someUser(tiny)["title"] = "Wrong"),
      /title: provisioned ".*", found "Wrong"/,
    ],
    ["a lost phone", (tiny) => (someUser(tiny)["phoneNumbers"] = []), /phoneNumbers.*found undefined/],
    ["a wrong state", (tiny) => (someUser(tiny)["active"] = false), /active: provisioned true, found false/],
    ["a state in words", (tiny) => (someUser(tiny)["active"] = "True"), /active: .* found "True"/],
    ["a renamed group", (tiny) => (someGroup(tiny)["displayName"] = "X"), /displayName: .* found "X"/],
    ["a lost user", (tiny) => tiny.users.delete("id-4"), /\(id-4\) is missing/],
    [
      "a surplus user",
      (tiny) => tiny.users.set("y", { id: "y", userName: "y" }),
      /user y \(y\) is not expected/,
    ],
    ["a surplus group", (tiny) => tiny.groups.set("z", { id: "z", displayName: "Z" }), /group Z/],
  ])("%s", async (_, tamper, expected) => {
    const report = await simulate(await tampering(tamper), { cycles: 1 });

    expect(report.clean).toBe(false);
    expect(report.verification?.first.join("\n")).toMatch(expected);
  });

  test("a write that was acknowledged but not done", async () => {
    const isManager = ({ body }: SeenRequest): boolean => JSON.stringify(body).includes(":manager");
    const report = await simulate(
      await start(first(1, (seen) => seen.method === "PATCH" && isManager(seen), { kind: "pretend" })),
      {
        cycles: 1,
      },
    );

    expect(report.verification).toMatchObject({ differences: 1 });
    expect(report.verification?.first[0]).toMatch(/manager: provisioned "id-\d+", found undefined/);
  });

  test("a value that changed by itself between two cycles, though the update mends it", async () => {
    let isDone = false;
    const tiny = await start((request, { users }) => {
      const isSecondCycle = request.method === "GET" && /\/Users\/id-/.test(request.url);
      if (isSecondCycle && !isDone) {
        isDone = true;
        for (const user of users.values()) user["preferredLanguage"] = "xx";
      }
      return undefined;
    });
    const report = await simulate(tiny, { cycles: 2 });

    expect(report.verification?.first.join("\n")).toMatch(
      /preferredLanguage.*found as "xx" before an update/,
    );
  });

  test("no surplus to complain of where the tenant may hold more", async () => {
    const tiny = await tampering(({ users }) => users.set("y", { id: "y", userName: "y" }));

    expect((await simulate(tiny, { cycles: 1, keep: true })).clean).toBe(true);
  });
});
