/** `existing-users …`: people whom the product knew before its tenant's directory, and whom of them the directory knows. */
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
  summarizeExistingUsers,
} from "../store/existing-users.ts";
import { FIELDS, readExistingUsers } from "../store/existing-users-file.ts";
import { importExistingUsers } from "../store/import-existing-users.ts";
import { type Command, type Context, onlyArgument, readArgs, twoArguments, UsageError } from "./command.ts";
import { onDatabase } from "./installation.ts";
import { headingsOf, inFile, readText, showProgress } from "./people-file.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const PAGE = 1_000;
const SHOWN = 50;

export const existingUsersImport: Command = {
  usage: "existing-users import <slug> <file.csv> [--map <field>=<heading>,…]",
  summary: "tells whom the product knew before; fields: id, userName, email, externalId, displayName",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { map: { type: "string" } });
    const [slug, file] = twoArguments(positionals, ["slug", "file.csv"]);
    const headings = headingsOf(values.map, FIELDS);
    const users = inFile(file, () => readExistingUsers(readText(file), headings));
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
    const { values, positionals } = readArgs(args, { state: { type: "string" }, json: { type: "boolean" } });
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
    const { positionals } = readArgs(args, {});
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
  return onDatabase({ env }, async (db) => work(db, (await requireTenant(db, slug)).id));
}

async function store(
  db: DatabasePool,
  tenantId: string,
  users: readonly ExistingUser[],
): Promise<{ readonly summary: MatchSummary; readonly isHeld: boolean }> {
  const isHeld = await importExistingUsers(db, {
    tenantId,
    users,
    actor: CLI_ACTOR,
    onProgress: showProgress,
  });
  return { summary: await summarizeExistingUsers(db, tenantId), isHeld };
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
