/** The tree keeps its own rules: who imports whom, what each file says of itself, how long it may be. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { expect, test } from "vitest";

interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** What it imports: packages by name, files of ours by path from the root. */
  readonly imports: readonly string[];
}

const ROOT = join(import.meta.dirname, "..");
const LINES_MAX = 300;
const TEST_LINES_MAX = 400;

/** docs/architecture.md, "Rooms": what a folder of src may import besides itself. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  scim: [],
  platform: [],
  embedded: ["platform"],
  store: ["scim", "platform"],
  queue: ["scim", "platform"],
  api: ["scim", "platform", "store", "queue"],
  worker: ["scim", "platform", "store", "queue"],
  dashboard: ["platform", "store", "queue"],
  cli: ["scim", "platform", "store", "queue", "embedded"],
  client: [],
};
const ENTRY_POINTS = ["src/rollcall.ts", "src/main.ts", "src/cli/main.ts", "src/client/index.ts"];

/** Where alone a package may be imported: a second place would be a second way to do the same. */
const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  // A processor tells the queue by an error of BullMQ's own that a job is not to be tried again.
  bullmq: [
    "src/queue/",
    "src/worker/consume.ts",
    "src/worker/deliver-webhook.ts",
    "src/worker/deliver-digest.ts",
  ],
  "@bull-board/": ["src/dashboard/queue-board.ts"],
  pg: ["src/store/", "src/queue/queues.ts", "src/embedded/"],
  knex: ["src/store/migrations.ts"],
  nodemailer: ["src/platform/mail.ts"],
  // Large lists, loaded once somebody chooses a password.
  "@zxcvbn-ts/": ["src/platform/guessable-password.ts"],
  // Loaded only where traces are wanted: tracing.ts imports that file when it is to start.
  "@opentelemetry/": ["src/platform/otlp-tracer.ts"],
};
const ENV_HOMES = ["src/start.ts", "src/cli/", "test/", "tools/", "bench/"];

const sources = ["src", "tools", "bench", "test"].flatMap(sourcesIn);
const inSrc = sources.filter(({ path }) => path.startsWith("src/"));
const pathsOf = (found: readonly Source[]): string[] => found.map(({ path }) => path);
const startsWithAny = (text: string, starts: readonly string[]): boolean =>
  starts.some((start) => text.startsWith(start));

test("the rules see the tree", () => {
  expect(inSrc.length).toBeGreaterThan(100);
  expect(sources.find(({ path }) => path === "src/platform/config.ts")?.imports).toEqual(
    expect.arrayContaining(["node:fs", "zod"]),
  );
  expect(sources.find(({ path }) => path === "src/cli/main.ts")?.imports).toContain("src/cli/doctor.ts");
});

test("every file opens by saying what it is for", () => {
  expect(pathsOf(sources.filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text)))).toEqual([]);
});

test("no file is longer than a few screens", () => {
  const tooLong = sources.filter(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    return lines > (path.startsWith("test/") ? TEST_LINES_MAX : LINES_MAX);
  });

  expect(pathsOf(tooLong)).toEqual([]);
});

test("every migration can be undone, and says so in a pair of files", () => {
  const files = readdirSync(join(ROOT, "migrations"));
  const named = (direction: string): string[] =>
    files.filter((file) => file.endsWith(`.${direction}.sql`)).map((file) => file.replace(/\.\w+\.sql$/, ""));

  expect(named("up").length).toBeGreaterThan(0);
  expect(named("down")).toEqual(named("up"));
  expect(files).toHaveLength(named("up").length + named("down").length);
});

test("folders of src import only the folders they may", () => {
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const wrong = inSrc.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    // Files beside the folders are the graph of a process, which knows all of them.
    if (room === undefined) return [];
    const may = [room, ...(ROOMS[room] ?? [])];
    const ours = imports.filter((target) => /^(src|test|tools|bench)\//.test(target));
    return ours
      .filter((target) => !may.includes(roomOf(target) ?? ""))
      .map((target) => `${path} → ${target}`);
  });

  expect(Object.keys(ROOMS).sort()).toEqual(folders.map(({ name }) => name).sort());
  expect(wrong).toEqual([]);
});

test("no files of src import each other in a circle, not even for their types", () => {
  const targets = new Map(inSrc.map(({ path, imports }) => [path, imports]));
  const isClear = new Set<string>();
  const circleFrom = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (isClear.has(path)) return undefined;
    for (const target of targets.get(path) ?? []) {
      const circle = circleFrom(target, [...way, path]);
      if (circle) return circle;
    }
    isClear.add(path);
    return undefined;
  };

  expect(inSrc.flatMap(({ path }) => circleFrom(path, [])?.join(" → ") ?? [])).toEqual([]);
});

test("the protocol core has one door, and needs no package and no machine", () => {
  const outside = inSrc.filter(({ path }) => roomOf(path) !== "scim");
  const past = outside.flatMap(({ path, imports }) =>
    imports
      .filter((target) => roomOf(target) === "scim" && target !== "src/scim/index.ts")
      .map((target) => `${path} → ${target}`),
  );
  const foreign = inSrc
    .filter(({ path }) => roomOf(path) === "scim")
    .flatMap(({ path, imports }) =>
      imports.filter((target) => !target.startsWith("src/scim/")).map((target) => `${path} → ${target}`),
    );

  expect(past).toEqual([]);
  expect(foreign).toEqual([]);
});

test("the Azure AD client is a client: it imports nothing of the service", () => {
  const tools = sources.filter(({ path }) => path.startsWith("tools/azure-ad/"));

  expect(pathsOf(tools.filter(({ imports }) => imports.some((target) => target.startsWith("src/"))))).toEqual(
    [],
  );
});

test("the product's client runs wherever fetch does: it imports nothing but itself", () => {
  const foreign = inSrc
    .filter(({ path }) => roomOf(path) === "client")
    .flatMap(({ path, imports }) =>
      imports.filter((target) => !target.startsWith("src/client/")).map((target) => `${path} → ${target}`),
    );

  expect(foreign).toEqual([]);
});

test("what the package exports is built from what stands in src", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, Record<string, string>>;
  };

  for (const target of Object.values(exports).flatMap((each) => Object.values(each))) {
    const source = target.replace(/^\.\/dist\//, "").replace(/(\.d\.ts|\.js)$/, ".ts");
    expect(existsSync(join(ROOT, source)), target).toBe(true);
  }
});

test.each(Object.entries(PACKAGE_HOMES))("of src, only its own places import %s", (name, homes) => {
  const users = inSrc.filter(({ imports }) =>
    imports.some((target) => target === name || (name.endsWith("/") && target.startsWith(name))),
  );

  expect(users.length).toBeGreaterThan(0);
  expect(pathsOf(users).filter((path) => !startsWithAny(path, homes))).toEqual([]);
});

test("the environment is read at the entry points; everything else is handed plain values", () => {
  const readers = sources.filter(({ text }) => text.includes("process.env"));

  expect(pathsOf(readers).filter((path) => !startsWithAny(path, ENV_HOMES))).toEqual([]);
});

test("queries name the columns they want", () => {
  expect(pathsOf(inSrc.filter(({ text }) => /\bselect\s+(\w+\.)?\*/i.test(text)))).toEqual([]);
});

/** Where the api asks Postgres without saying whose rows it wants, and why it cannot. */
const SEES_EVERY_TENANT: Readonly<Record<string, string>> = {
  "src/api/activity.ts": "flushes the counts of all tenants",
  "src/api/answers.ts": "notes the process itself",
  "src/api/door-log.ts": "flushes the refusals of all tenants",
  "src/api/oauth/client-authentication.ts": "the credential says who the tenant is",
  "src/api/oauth/token-endpoint.ts": "the credential says who the tenant is",
  "src/api/product/authenticate.ts": "the key says who the tenant is",
  "src/api/product/head-watch.ts": "watches the events of all tenants",
  "src/api/product/key-use.ts": "flushes the use of all keys",
  "src/api/product/login-check.ts": "one statement for the checks of all tenants (docs/decisions/0021)",
};

test("what answers a request asks Postgres as its tenant, or says why not", () => {
  const shared = /\b(?:deps|settings|this)\.(?:#deps\.)?#?db\b(?!\.of\()/;
  const found = inSrc.filter(
    ({ path, text }) => path.startsWith("src/api/") && shared.test(withoutWiring(text)),
  );

  expect(pathsOf(found).sort()).toEqual(Object.keys(SEES_EVERY_TENANT).sort());
});

/** A constructor that only keeps what it is given asks nothing. */
function withoutWiring(text: string): string {
  return text.replaceAll(/this\.#db = db;/g, "");
}

test("nothing in src lies about unused", () => {
  // A file that only a test imports is as dead as one that nobody does.
  const used = new Set(
    sources.filter(({ path }) => !path.startsWith("test/")).flatMap(({ imports }) => imports),
  );

  expect(pathsOf(inSrc).filter((path) => !used.has(path) && !ENTRY_POINTS.includes(path))).toEqual([]);
});

function sourcesIn(folder: string): Source[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = join(folder, name).split(sep).join("/");
      const text = readFileSync(join(ROOT, path), "utf8");
      return { path, text, imports: importsOf(path, text) };
    });
}

function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(
    /^(?:import|export|\}) (?:.* )?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...specifiers].map(([, from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? "";
    if (!target.startsWith(".")) return target;
    return relative(ROOT, join(ROOT, path, "..", target))
      .split(sep)
      .join("/");
  });
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}
