/** `existing-users …`: people whom the product knew before its tenant's directory, and whom of them the directory knows. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { recordAudit } from "../store/audit.ts";
import type { DatabasePool } from "../store/database.ts";
import {
  type ExistingUser,
  forgetExistingUsers,
  listExistingUsers,
  MATCH_STATES,
  matchExistingUsers,
  type MatchedUser,
  type MatchState,
  type MatchSummary,
  storeExistingUsers,
  summarizeExistingUsers,
} from "../store/existing-users.ts";
import { holdLoginGate } from "../store/login-gates.ts";
import {
  type Command,
  CommandError,
  type Context,
  onlyArgument,
  reason,
  twoArguments,
  UsageError,
} from "./command.ts";
import { parseCsv } from "./csv.ts";
import { withDatabase, withInstallation } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const FIELDS = ["id", "userName", "email", "externalId", "displayName"] as const;
type Field = (typeof FIELDS)[number];

const PAGE = 1_000;
const SHOWN = 50;
const CHARS_MAX = 1_024;

export const existingUsersImport: Command = {
  usage: "existing-users import <slug> <file.csv> [--map <field>=<heading>,…]",
  summary: "tells whom the product knew before; fields: id, userName, email, externalId, displayName",
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { map: { type: "string" } },
      allowPositionals: true,
    });
    const [slug, file] = twoArguments(positionals, ["slug", "file.csv"]);
    const users = readUsers(file, headingsOf(values.map));
    const { summary, isHeld } = await onTenant(context, slug, (db, tenantId) => store(db, tenantId, users));
    context.print(`${users.length} people of ${file} are stored and matched.`);
    if (isHeld)
      context.print(
        `The gate of ${slug} is held: nobody of them is turned away before "gate set --enforce".`,
      );
    printSummary(context, summary);
    return 0;
  },
};

export const existingUsersPreview: Command = {
  usage: "existing-users preview <slug> [--state <state>,…] [--json]",
  summary: "matches them with the directory as it is, and shows who would lose access",
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { state: { type: "string" }, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const slug = onlyArgument(positionals, "slug");
    const states = statesOf(values.state);
    const { summary, users } = await onTenant(context, slug, async (db, tenantId) => {
      await db.transaction((tx) => matchExistingUsers(tx, tenantId));
      return {
        summary: await summarizeExistingUsers(db, tenantId),
        users: await read(db, { tenantId, states, limit: values.json ? Number.POSITIVE_INFINITY : SHOWN }),
      };
    });
    if (values.json) context.print(JSON.stringify({ tenant: slug, summary, users }));
    else printPreview(context, summary, users);
    return 0;
  },
};

export const existingUsersForget: Command = {
  usage: "existing-users forget <slug>",
  summary: "forgets them all; the directory and the gate stay as they are",
  async run(args, context) {
    const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true });
    const slug = onlyArgument(positionals, "slug");
    const people = await onTenant(context, slug, (db, tenantId) =>
      db.transaction(async (tx) => {
        const forgotten = await forgetExistingUsers(tx, tenantId);
        const subject = `${forgotten} people`;
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "existing_users.forgotten", subject }]);
        return forgotten;
      }),
    );
    context.print(`${people} people of ${slug} are forgotten.`);
    return 0;
  },
};

function onTenant<Result>(
  { env }: Context,
  slug: string,
  work: (db: DatabasePool, tenantId: string) => Promise<Result>,
): Promise<Result> {
  return withInstallation(env, (installation) =>
    withDatabase(installation, async (db) => work(db, (await requireTenant(db, slug)).id)),
  );
}

/** All pages in one transaction: an import that fails has stored nobody. */
async function store(
  db: DatabasePool,
  tenantId: string,
  users: readonly ExistingUser[],
): Promise<{ readonly summary: MatchSummary; readonly isHeld: boolean }> {
  const isHeld = await db.transaction(async (tx) => {
    for (let from = 0; from < users.length; from += PAGE) {
      await storeExistingUsers(tx, tenantId, users.slice(from, from + PAGE));
      showProgress(Math.min(users.length, from + PAGE), users.length);
    }
    await matchExistingUsers(tx, tenantId);
    const held = await holdLoginGate(tx, tenantId);
    await recordAudit(tx, [
      {
        ...{ tenantId, actor: CLI_ACTOR, action: "existing_users.imported" as const },
        subject: `${users.length} people`,
      },
    ]);
    return held;
  });
  return { summary: await summarizeExistingUsers(db, tenantId), isHeld };
}

/** A bar for people; a file or a pipe gets none. */
function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  const width = 30;
  const filled = Math.round((width * done) / total);
  process.stderr.write(`\r[${"#".repeat(filled)}${" ".repeat(width - filled)}] ${done} of ${total}`);
  if (done === total) process.stderr.write("\n");
}

async function read(
  db: DatabasePool,
  query: { readonly tenantId: string; readonly states: readonly MatchState[]; readonly limit: number },
): Promise<readonly MatchedUser[]> {
  const users: MatchedUser[] = [];
  for (let after = ""; users.length < query.limit; after = users.at(-1)?.id ?? "") {
    const page = await listExistingUsers(db, { ...query, after, limit: Math.min(PAGE, query.limit) });
    users.push(...page);
    if (page.length < Math.min(PAGE, query.limit)) break;
  }
  return users;
}

/** @param map - such as `id=Employee ID,email=Mail` */
function headingsOf(map: string | undefined): ReadonlyMap<Field, string> {
  const headings = new Map<Field, string>(FIELDS.map((field) => [field, field]));
  for (const part of map?.split(",") ?? []) {
    const [name = "", ...heading] = part.split("=");
    const field = FIELDS.find((each) => each.toLowerCase() === name.trim().toLowerCase());
    if (field === undefined || heading.length === 0)
      throw new UsageError(
        `--map takes <field>=<heading> with a field of ${FIELDS.join(", ")}, not "${part}"`,
      );
    headings.set(field, heading.join("=").trim());
  }
  return headings;
}

function readUsers(file: string, headings: ReadonlyMap<Field, string>): readonly ExistingUser[] {
  const [heading = [], ...rows] = parseCsv(readText(file));
  const places = new Map<Field, number>();
  for (const [field, name] of headings) {
    const place = heading.findIndex((each) => each.trim().toLowerCase() === name.toLowerCase());
    if (place !== -1) places.set(field, place);
    else if (field === "id" || name !== field)
      throw new CommandError(`${file} has no column "${name}"; its columns are ${heading.join(", ")}`);
  }
  return rows.map((row, index) => {
    const cell = (field: Field): string | undefined => row[places.get(field) ?? -1];
    const user = {
      id: cell("id")?.trim() ?? "",
      ...{ userName: cell("userName"), email: cell("email") },
      ...{ externalId: cell("externalId"), displayName: cell("displayName") },
    };
    const texts = Object.values(user).filter((text) => text !== undefined);
    // The heading is row 1; quoted line breaks may put it on a later line.
    if (user.id === "") throw new CommandError(`row ${index + 2} of ${file} has no id`);
    if (texts.some((text) => text.length > CHARS_MAX || text.includes("\0")))
      throw new CommandError(
        `row ${index + 2} of ${file} has a cell that is no text of up to ${CHARS_MAX} characters`,
      );
    return user;
  });
}

function readText(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as UTF-8: ${reason(error)}`);
  }
}

function statesOf(text: string | undefined): readonly MatchState[] {
  return (text?.split(",") ?? []).map((name) => {
    const state = MATCH_STATES.find((each) => each === name.trim());
    if (state === undefined) throw new UsageError(`--state takes ${MATCH_STATES.join(", ")}, not "${name}"`);
    return state;
  });
}

function printSummary({ print }: Context, summary: MatchSummary): void {
  for (const state of MATCH_STATES) print(`${state.padEnd(20)}${summary[state]}`);
  print(`${"without e-mail".padEnd(20)}${summary.withoutEmail}`);
  print(`${"would lose access".padEnd(20)}${summary.wouldLoseAccess} of ${summary.total}`);
}

function printPreview(context: Context, summary: MatchSummary, users: readonly MatchedUser[]): void {
  printSummary(context, summary);
  if (users.length === 0) return;
  context.print("");
  printTable(context, [
    ["ID", "NAME", "E-MAIL", "STATE", "USER"],
    ...users.map(({ id, userName, displayName, email, state, userId }) => [
      id,
      userName ?? displayName ?? "",
      email ?? "",
      state,
      userId ?? "",
    ]),
  ]);
  if (users.length === SHOWN) context.print(`… the first ${SHOWN}; --json has all, --state some.`);
}
