/** Who is told to stop while it starts must hear it: as a container's first process it would else be killed in the end. */
import { execFile } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const run = promisify(execFile);

/**
 * Runs before the program, sends it the signal once it listens, or while it is evaluated, and says at the end whether it came that
 * far. The environment is the first thing that `src/start.ts` asks for, when all that it imports has been evaluated.
 */
const before = (moment: "listening" | "evaluated"): string => `
const on = process.on;
const { env } = process;
let isRead = false;
on.call(process, "exit", () => console.log(isRead ? "read" : "unread"));
process.on = function (event) {
  on.apply(process, arguments);
  if (event === "SIGTERM" && ${moment === "listening"}) process.kill(process.pid, event);
  return process;
};
Object.defineProperty(process, "env", {
  get() {
    if (isRead || !new Error().stack.includes(["src", "start.ts"].join("/"))) return env;
    isRead = true;
    if (${moment === "evaluated"}) process.kill(process.pid, "SIGTERM");
    return env;
  },
});
`;

// A Postgres that takes the connection and says nothing: who waits for it goes on until told to stop.
const silent = createServer();
beforeAll(() => new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve)));
afterAll(() => silent.close());

function start(moment: "listening" | "evaluated", program: string, ...args: string[]) {
  const { port } = silent.address() as AddressInfo;
  const preload = `data:text/javascript,${encodeURIComponent(before(moment))}`;
  const env = {
    PATH: process.env["PATH"],
    ROLES: "worker",
    DATABASE_URL: `postgres://127.0.0.1:${port}/none`,
    ROLLCALL_SECRET: "of no use, and of thirty-two characters",
  };
  return run(process.execPath, ["--import", preload, "--import", "tsx", program, ...args], {
    cwd: ROOT,
    env,
  });
}

test("a service that is told to stop before it has been read ends well, and reads no further", async () => {
  expect((await start("listening", "src/main.ts")).stdout).toBe("unread\n");
});

test("a service that is told to stop while it is read ends well", async () => {
  expect((await start("evaluated", "src/main.ts")).stdout).toBe("read\n");
});

test("a command that is told to stop ends by the signal's code", async () => {
  await expect(start("listening", "src/cli/main.ts", "migrate")).rejects.toMatchObject({ code: 143 });
});
