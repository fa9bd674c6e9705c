/** The runner of the conformance suite: outcomes, skip rules, report, exit code, flags. The checks prove themselves. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  type Check,
  type CheckGroup,
  Failure,
  Skip,
  skipUnlessOffered,
} from "../../../tools/conformance/check.ts";
import { GROUPS } from "../../../tools/conformance/checks/index.ts";
import { expectStatus } from "../../../tools/conformance/expect.ts";
import { parseFlags } from "../../../tools/conformance/flags.ts";
import {
  exitCode,
  formatMarkdown,
  formatResult,
  formatSums,
  sumUp,
} from "../../../tools/conformance/report.ts";
import { chosen, type Run, runSuite } from "../../../tools/conformance/runner.ts";
import { dig, matches } from "../../../tools/conformance/values.ts";

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Seen {
  readonly url: string;
  /** `METHOD path` of each request. */
  readonly requests: readonly string[];
}

/** A server with users in memory whose config supports patch and filter alone. */
async function startServer(
  config: unknown = { patch: { supported: true }, filter: { supported: true } },
): Promise<Seen> {
  const requests: string[] = [];
  let made = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const line = `${request.method ?? ""} ${request.url ?? ""}`;
    requests.push(line);
    const [status, body] = route(line);
    response.writeHead(status, { "content-type": "application/scim+json" }).end(JSON.stringify(body));
  };
  const route = (line: string): [number, unknown] => {
    if (line.endsWith("/ServiceProviderConfig")) return config === null ? [404, {}] : [200, config];
    if (line.endsWith("/ResourceTypes")) return [200, { Resources: [{ name: "User" }] }];
    if (line === "POST /scim/Users") return [201, { id: String((made += 1)) }];
    if (line.endsWith("/absent")) return [501, {}];
    return [404, { status: "404" }];
  };
  const server = createServer((request, response) => {
    request.resume().on("end", () => answer(request, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim`, requests };
}

function check(id: string, run: Check["run"], facts: Partial<Check> = {}): Check {
  return { id, title: id, source: "test", level: "MUST", ...facts, run };
}

const run = (url: string, checks: readonly Check[], facts: Partial<CheckGroup> = {}): Promise<Run> =>
  runSuite({ url, token: "t", timeoutMs: 2000, groups: [{ name: "group", checks, ...facts }] });

const passes = async (): Promise<void> => Promise.resolve();
const fails = (): Promise<never> => Promise.reject(new Failure("it is otherwise"));

test("a check passes, fails or, when it is only recommended, warns", async () => {
  const { url } = await startServer();

  const { results } = await run(url, [
    check("good", passes),
    check("bad", fails),
    check("advised", fails, { level: "SHOULD" }),
    check("entra", fails, { level: "ENTRA" }),
  ]);

  expect(results.map(({ outcome }) => outcome)).toEqual(["pass", "fail", "warn", "fail"]);
  expect(results[1]).toMatchObject({ id: "bad", group: "group", level: "MUST", reason: "it is otherwise" });
});

test("a failure tells the request and the answer that show it", async () => {
  const { url } = await startServer();
  const wrong = check("wrong", async (client) => expectStatus(await client.put("/Users/x", { a: 1 }), 200));

  const [result] = (await run(url, [wrong])).results;

  expect(result).toMatchObject({
    outcome: "fail",
    reason: "expected 200, got 404",
    request: 'PUT /Users/x {"a":1}',
    answer: '404 {"status":"404"}',
  });
  expect(formatResult(result!)).toMatch(
    /^fail {2}MUST .*wrong: expected 200, got 404\n +request: PUT .*\n +answer: +404/,
  );
});

test("what the server's configuration lacks is skipped, and the server is not asked", async () => {
  const { url, requests } = await startServer();

  const { results, features } = await run(url, [
    check("bulk", fails, { needs: ["bulk"] }),
    check("groups", fails, { needs: ["groups", "etag"] }),
    check("patch", passes, { needs: ["patch"] }),
  ]);

  expect(features).toEqual(["patch", "filter"]);
  expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ["skip", "the server says it has no bulk"],
    ["skip", "the server says it has no groups, etag"],
    ["pass", undefined],
  ]);
  expect(requests).toHaveLength(2);
});

test("what a group needs, each of its checks needs", async () => {
  const { url } = await startServer();

  const { results } = await run(url, [check("one", fails)], { needs: ["cursor"] });

  expect(results[0]).toMatchObject({ outcome: "skip", reason: "the server says it has no cursor" });
});

test("a server without a configuration is taken to have what Azure AD needs", async () => {
  const { url } = await startServer(null);

  const { features } = await runSuite({ url, token: "t", timeoutMs: 2000, groups: [] });

  expect(features).toEqual(["patch", "filter"]);
});

test("a check may find out by itself that the server lacks its subject", async () => {
  const { url } = await startServer();

  const { results } = await run(url, [
    check("told", async (client) => skipUnlessOffered(await client.get("/absent"))),
    check("found", () => Promise.reject(new Skip("not here"))),
  ]);

  expect(results.map(({ reason }) => reason)).toEqual(["GET /absent is not offered", "not here"]);
  expect(exitCode(results)).toBe(0);
});

test("what a check made is deleted, newest first, also when it fails", async () => {
  const { url, requests } = await startServer();
  const maker = check("maker", async (client) => {
    await client.user();
    await client.user();
    throw new Failure("too bad");
  });

  await run(url, [maker]);

  expect(requests.slice(2)).toEqual([
    "POST /scim/Users",
    "POST /scim/Users",
    "DELETE /scim/Users/2",
    "DELETE /scim/Users/1",
  ]);
});

test("only some checks are run when a pattern says which", async () => {
  const { url } = await startServer();
  const groups = [{ name: "group", checks: [check("one", passes), check("two", fails)] }];

  const { results } = await runSuite({ url, token: "t", timeoutMs: 2000, groups, only: /group\/ONE/i });

  expect(results.map(({ id }) => id)).toEqual(["one"]);
  expect(chosen({ groups, only: /nothing/ })).toEqual([]);
});

test("a server that is not there ends the run", async () => {
  await expect(run("http://127.0.0.1:1/scim", [])).rejects.toThrow();
});

test("sums are told per group and over all, and a failure decides the exit code", async () => {
  const { url } = await startServer();
  const done = await run(url, [check("good", passes), check("bad", fails)]);

  expect(sumUp(done.results).groups).toEqual([{ group: "group", pass: 1, fail: 1, warn: 0, skip: 0 }]);
  expect(formatMarkdown(done)).toContain("| all | 1 | 1 | 0 | 0 |\n\n- fail, ");
  expect(formatSums(done)).toMatch(
    /group +1 +1 +0 +0\nall +1 +1 +0 +0\n\nconformance: 1 passed, 1 failed, 0 warned/,
  );
  expect(exitCode(done.results)).toBe(1);
  expect(exitCode(done.results.filter(({ outcome }) => outcome !== "fail"))).toBe(0);
});

test("flags: a Tenant URL is cleaned, faults are told in words", () => {
  const parsed = parseFlags(
    ["--url", "https://a.example/scim/v2/?aadOptscim062020", "--only", "^patch"],
    "token",
  );

  expect(parsed).toEqual({
    kind: "run",
    options: { url: "https://a.example/scim/v2", token: "token", timeoutMs: 10_000, only: /^patch/i },
  });
  expect(parseFlags(["--help"], undefined).kind).toBe("help");
  for (const [args, message] of [
    [["--url", "http://a.example"], "--token or SCIM_TOKEN"],
    [["--token", "t"], "--url is needed"],
    [["--token", "t", "--url", "ftp://a"], "not an http or https URL"],
    [["--token", "t", "--url", "http://a", "--timeout-ms", "0"], "--timeout-ms 0"],
    [["--token", "t", "--url", "http://a", "--only", "("], "not a regular expression"],
  ] as const) {
    expect(parseFlags(args, undefined)).toMatchObject({
      message: expect.stringContaining(message) as string,
    });
  }
});

test("values are found below URNs, and unassigned is null, absent or empty", () => {
  const body = {
    "urn:example:2.0:User": { manager: { value: "1" } },
    emails: [{ value: "a" }, { value: "b" }],
  };

  expect(dig(body, "urn:example:2.0:User:manager.value")).toBe("1");
  expect(matches(body, { emails: [{ value: "b" }, { value: "a" }], title: null, roles: [] })).toBe(true);
  expect(matches(body, { emails: [{ value: "a" }] })).toBe(false);
});

test("each check has an id of its own, and there are enough of them", () => {
  const ids = GROUPS.flatMap(({ checks }) => checks.map(({ id }) => id));

  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(300);
  for (const id of ids) expect(id).toMatch(/^(rfc\d{4}-[\d.]+|entra)(-[a-z\d]+)+$/);
});
