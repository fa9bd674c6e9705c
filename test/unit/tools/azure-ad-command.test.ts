/** The command: its flags, what it shows on the way, and how it ends as a process. */
import { spawn } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { parseFlags } from "../../../tools/azure-ad/flags.ts";
import { createProgress } from "../../../tools/azure-ad/progress.ts";
import type { TinyScimServer } from "../../support/tiny-scim-server.ts";
import { startTinyScimServer, TINY_TOKEN } from "../../support/tiny-scim-server.ts";

const URL_FLAGS = ["--url", "http://127.0.0.1:8080/scim/v2"];

describe("flags", () => {
  test("have defaults, and the token comes from the environment", () => {
    expect(parseFlags(URL_FLAGS, "secret")).toMatchObject({
      kind: "run",
      options: {
        url: "http://127.0.0.1:8080/scim/v2",
        token: "secret",
        users: 500,
        groups: 12,
        groupSize: 25,
        cycles: 3,
        beat: 40,
        concurrency: 8,
        dialect: "legacy",
        seed: 1,
        batch: 20,
        keep: false,
      },
    });
  });

  test("bear a trailing slash and the dialect flag in the Tenant URL", () => {
    const url = "http://127.0.0.1:8080/scim/v2/?aadOptscim062020";

    expect(parseFlags(["--url", url], "secret")).toMatchObject({
      options: { url: "http://127.0.0.1:8080/scim/v2", dialect: "compliant" },
    });
    expect(parseFlags(["--url", url, "--dialect", "mixed"], "secret")).toMatchObject({
      options: { dialect: "mixed" },
    });
  });

  test.each<[string[], RegExp]>([
    [[], /--url is needed/],
    [["--url", "nowhere"], /not a URL/],
    [["--url", "ftp://x/scim/v2"], /not http or https/],
    [[...URL_FLAGS, "--users", "many"], /--users many is not a whole number from 1/],
    [[...URL_FLAGS, "--users", "0"], /--users 0/],
    [[...URL_FLAGS, "--beat", "1.5"], /--beat 1.5/],
    [[...URL_FLAGS, "--dialect", "old"], /--dialect old is not one of/],
    [[...URL_FLAGS, "--keep", "--fresh"], /exclude each other/],
    [[...URL_FLAGS, "--colour"], /--colour/],
  ])("%j are refused in words", (args, message) => {
    const parsed = parseFlags(args, "secret");

    expect(parsed).toMatchObject({ kind: "fault", message: expect.stringMatching(message) as string });
  });

  test("without any token are refused", () => {
    expect(parseFlags(URL_FLAGS, undefined)).toMatchObject({ kind: "fault" });
    expect(parseFlags(["--help"], undefined)).toEqual({ kind: "help" });
  });
});

describe("progress", () => {
  function record(isTTY: boolean) {
    let written = "";
    let at = 0;
    const progress = createProgress({ isTTY, write: (text: string) => (written += text) }, () => at);
    return { progress, written: () => written, pass: (ms: number) => (at += ms) };
  }

  test("is a bar in one line on a terminal", () => {
    const { progress, written, pass } = record(true);
    progress.phase("users", 2);
    pass(200);
    progress.step();

    expect(written()).toContain("\r\x1b[Kusers ███████████████░░░░░░░░░░░░░░░ 1/2");
    expect(written()).not.toContain("\n");
  });

  test("is a plain line every five seconds and at the end of a phase elsewhere", () => {
    const { progress, written, pass } = record(false);
    progress.phase("users", 3);
    progress.step();
    pass(5000);
    progress.step();
    progress.step();
    progress.end();

    expect(written()).toBe("  users: 2/3\n  users: 3 in 5.0 s\n");
  });
});

describe("the process", () => {
  let server: TinyScimServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  function run(args: readonly string[]) {
    const main = new URL("../../../tools/azure-ad/run", import.meta.url).pathname;
    const child = spawn(main, args, { env: { PATH: process.env["PATH"], ROLLCALL_TOKEN: TINY_TOKEN } });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
    return { child, exit, stdout: () => stdout };
  }

  test("verifies and reports when told to stop, and ends with 0", async () => {
    server = await startTinyScimServer();
    const { child, exit, stdout } = run([
      "--url",
      server.url,
      "--users",
      "5",
      "--groups",
      "1",
      "--group-size",
      "3",
      "--cycles",
      "0",
    ]);
    let isTold = false; // A second signal would end it at once.
    child.stdout.on("data", () => {
      // The initial cycle is done, the next one is forty seconds away.
      if (isTold || !/cycle 1 \(initial\): \d+ requests/.test(stdout())) return;
      isTold = child.kill("SIGTERM");
    });

    expect(await exit).toBe(0);
    expect(stdout().trimEnd().split("\n").at(-1)).toBe(
      "verification: 5 users, 1 groups, 3 memberships, 0 differences",
    );
  });

  test("ends with 2 on a wrong flag", async () => {
    expect(await run(["--users", "x"]).exit).toBe(2);
  });
});
