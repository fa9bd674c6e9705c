/** The image and its compose file, as far as they can be known without Docker: what goes in, who runs it, how it is asked. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { parse } from "yaml";
import { Config } from "../../../src/platform/config.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const { version, engines } = JSON.parse(read("package.json")) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

interface Instruction {
  readonly name: string;
  readonly args: string;
}
/** Joined lines without comments; stages begin with FROM. */
const instructions: readonly Instruction[] = read("Dockerfile")
  .replace(/^#.*\n/gm, "")
  .replace(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => ({ name: line.split(" ", 1)[0] ?? "", args: line.slice(line.indexOf(" ") + 1) }));
const all = (name: string): string[] =>
  instructions.filter((each) => each.name === name).map(({ args }) => args);
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));
const ofLast = (name: string): string[] =>
  lastStage.filter((each) => each.name === name).map(({ args }) => args);

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

test("images that it is built on are named by a version that the package runs on", () => {
  const images = all("FROM").map((from) => from.split(" ")[0] ?? "");
  const least = Number(/\d+/.exec(engines.node)?.[0]);

  expect(images.length).toBeGreaterThan(1);
  for (const image of images) {
    expect(image).toMatch(/^node:\d+-bookworm-slim$/);
    expect(Number(/:(\d+)/.exec(image)?.[1])).toBeGreaterThanOrEqual(least);
  }
});

test("what it copies is there, and comes through .dockerignore", () => {
  const ignored = read(".dockerignore").split("\n");
  const sources = instructions
    .filter(({ name, args }) => name === "COPY" && !args.includes("--from="))
    .flatMap(({ args }) => args.split(" ").slice(0, -1));

  expect(sources.length).toBeGreaterThan(5);
  for (const source of sources) {
    expect(existsSync(join(ROOT, source)), source).toBe(true);
    expect(ignored, source).toContain(`!${source.replace("./", "")}`);
  }
  expect(ignored).toContain("*");
});

test("it runs as nobody in particular, keeps no secret, and runs no script of a package", () => {
  expect(ofLast("USER")).toEqual(["node"]);
  expect(all("ADD")).toEqual([]);
  expect(
    [...all("ENV"), ...all("ARG")].filter((args) => /SECRET|PASSWORD|TOKEN|DATABASE_URL/.test(args)),
  ).toEqual([]);
  const installs = all("RUN").filter((command) => /npm (ci|prune)/.test(command));
  expect(installs.length).toBeGreaterThan(0);
  for (const command of installs)
    for (const part of command.split("&&").filter((each) => /npm (ci|prune)/.test(each)))
      expect(part).toContain("--ignore-scripts");
});

test("it has the allocator that it is told to use", () => {
  const variables = ofLast("ENV").flatMap((args) => args.split(" "));

  expect(variables).toContain("LD_PRELOAD=libjemalloc.so.2");
  expect(ofLast("RUN").join("\n")).toContain("apt-get install --yes --no-install-recommends libjemalloc2");
});

test("it starts a program that is built, without a shell that would keep signals to itself", () => {
  const [command = ""] = ofLast("CMD");
  const program = (JSON.parse(command) as string[]).at(-1) ?? "";

  expect(existsSync(join(ROOT, program.replace("dist/", "").replace(".js", ".ts")))).toBe(true);
  expect(ofLast("EXPOSE")[0]?.split(" ").map(Number)).toEqual([
    Config.shape.API_PORT.parse(undefined),
    Config.shape.DASHBOARD_PORT.parse(undefined),
    Config.shape.METRICS_PORT.parse(undefined),
  ]);
});

test.each([
  { what: "an api that lives", roles: "api", path: "/health/live", status: 200, code: 0 },
  { what: "all roles, and not well", roles: "", path: "/health/live", status: 503, code: 1 },
  { what: "a worker by its metrics", roles: "worker", path: "/metrics", status: 200, code: 0 },
  { what: "an api that answers elsewhere only", roles: "api", path: "/metrics", status: 200, code: 1 },
])("the health check sees $what", async ({ roles, path, status, code }) => {
  const [check = ""] = ofLast("HEALTHCHECK");
  const [program = "", ...args] = JSON.parse(check.slice(check.indexOf("["))) as string[];
  const server = createServer((request, response) => {
    response.writeHead(request.url === path ? status : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  const port = String((server.address() as AddressInfo).port);

  expect(program).toBe("node");
  const ended = await new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ROLES: roles, API_PORT: port, METRICS_PORT: port } }, (error) =>
      resolve(error === null ? 0 : error.code),
    );
  });
  expect(ended).toBe(code);
});

test("compose runs this version, by settings that there are, on file systems that are not written to", () => {
  interface Service {
    readonly image: string;
    readonly read_only?: boolean;
    readonly security_opt?: readonly string[];
    readonly cap_drop?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  }
  const { services } = parse(read("docker-compose.yml"), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
  };
  const ours = Object.entries(services).filter(([, { image }]) => image.startsWith("rollcall:"));

  expect(ours.map(([name]) => name).sort()).toEqual(["api", "dashboard", "migrate", "worker"]);
  for (const [name, service] of ours) {
    expect(service.image, name).toBe(`rollcall:\${ROLLCALL_VERSION:-${version}}`);
    expect(service.cap_drop, name).toEqual(["ALL"]);
    expect(Object.keys(service.environment ?? {}).filter((key) => !(key in Config.shape))).toEqual([]);
  }
  for (const [name, service] of Object.entries(services)) {
    expect(service.read_only, name).toBe(true);
    expect(service.security_opt, name).toEqual(["no-new-privileges:true"]);
    expect(service.image, name).not.toMatch(/:latest$|^[^:]+$/);
  }
});

test("compose hands on every setting that .env.example offers", () => {
  // The host's address and ports, and what compose decides: inside a container these are fixed.
  const fixed = ["HOST", "API_PORT", "DASHBOARD_PORT", "METRICS_PORT"];
  const sections = read(".env.example").split(/^# --- /m);
  const offered = sections
    .filter((section) => !section.startsWith("Set by docker-compose.yml"))
    .flatMap((section) => [...section.matchAll(/^(?:# )?([A-Z][A-Z\d_]*)=/gm)])
    .map(([, name = ""]) => name)
    .filter((name) => name in Config.shape && !fixed.includes(name));
  const { "x-settings": settings } = parse(read("docker-compose.yml"), { merge: true }) as {
    readonly "x-settings": Readonly<Record<string, string>>;
  };

  expect(offered.length).toBeGreaterThan(50);
  for (const name of offered) expect(settings[name], name).toContain(`\${${name}:`);
});
