/** `guard …`: how many deactivations of a cycle pass by themselves, and what becomes of those that are held. */
import { releaseCommands } from "../queue/release.ts";
import { recordAudit } from "../store/audit.ts";
import type { DatabasePool } from "../store/database.ts";
import {
  findGuard,
  GUARD_ANSWERS,
  type GuardSettings,
  readLimit,
  removeGuard,
  setGuard,
  describeGuard,
} from "../store/deactivation-guards.ts";
import { liftGuard } from "../store/guard-cycles.ts";
import { countHeld, decideAllHeld, type HeldUser, listHeld } from "../store/held-deactivations.ts";
import type { Connection } from "../store/tenants.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs, UsageError } from "./command.ts";
import { onDatabase } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireConnection } from "./token.ts";

const LISTED_MAX = 1_000;
const REASON_CHARS_MAX = 500;

export const guardShow: Command = {
  usage: "guard show <slug> [--connection <id>] [--json]",
  summary: "shows a connection's deactivation guard, and how many it holds",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      connection: { type: "string" },
      json: { type: "boolean" },
    });
    return onConnection(
      context,
      { slug: onlyArgument(positionals, "slug"), id: values.connection },
      async (db, key) => {
        const guard = await findGuard(db, key);
        const counts = await countHeld(db, key.tenantId);
        const held = counts.find(({ connectionId }) => connectionId === key.connectionId);
        const { waiting = 0, released = 0, rejected = 0 } = held ?? {};
        const { usersMax = null, percentMax = null, answer = null } = guard ?? {};
        if (values.json) {
          const state = {
            isOn: guard !== undefined,
            usersMax,
            percentMax,
            answer,
            waiting,
            released,
            rejected,
          };
          context.print(JSON.stringify(state));
          return;
        }
        context.print(`Guard     ${guard ? describeGuard(guard) : "off"}`);
        context.print(`Waiting   ${waiting}`);
        context.print(`Released  ${released}, to be applied`);
        context.print(`Rejected  ${rejected}, remembered`);
      },
    );
  },
};

export const guardSet: Command = {
  usage: "guard set <slug> [--users <n>] [--percent <p>] [--answer retry|accept] [--connection <id>]",
  summary: "holds deactivations beyond so many users, or so much of the active ones, in one cycle",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      users: { type: "string" },
      percent: { type: "string" },
      answer: { type: "string" },
      connection: { type: "string" },
    });
    const slug = onlyArgument(positionals, "slug");
    const settings = settingsOf(values);
    return onConnection(context, { slug, id: values.connection }, async (db, key, { name }) => {
      await db.transaction(async (tx) => {
        await setGuard(tx, key, settings);
        const subject = `${name}: ${describeGuard(settings)}`;
        await recordAudit(tx, [{ tenantId: key.tenantId, actor: CLI_ACTOR, action: "guard.set", subject }]);
      });
      context.print(`Guard     ${describeGuard(settings)}`);
    });
  },
};

export const guardOff: Command = {
  usage: "guard off <slug> [--connection <id>]",
  summary: "holds nothing any more; what is held already waits for a decision still",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { connection: { type: "string" } });
    const slug = onlyArgument(positionals, "slug");
    return onConnection(context, { slug, id: values.connection }, async (db, key, { name }) => {
      const wasOn = await db.transaction(async (tx) => {
        if (!(await removeGuard(tx, key))) return false;
        const { tenantId } = key;
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "guard.removed", subject: name }]);
        return true;
      });
      context.print(wasOn ? `${slug} is not guarded any more.` : `${slug} was not guarded.`);
    });
  },
};

export const guardList: Command = {
  usage: "guard list <slug> [--rejected] [--connection <id>] [--json]",
  summary: "shows whose deactivation or deletion waits for a decision",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      rejected: { type: "boolean" },
      connection: { type: "string" },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    return onConnection(context, { slug, id: values.connection }, async (db, key) => {
      const state = values.rejected ? "rejected" : "waiting";
      const held = await listHeld(db, key, { state, limit: LISTED_MAX });
      if (values.json) context.print(JSON.stringify(held, undefined, 2));
      else if (held.length === 0) context.print(`Nothing is ${values.rejected ? "rejected" : "held"}.`);
      else printTable(context, [["USER", "USERNAME", "WHAT", "SINCE", "ATTEMPTS"], ...held.map(rowOf)]);
    });
  },
};

export const guardRelease = decisionCommand("release", {
  usage: "guard release <slug> [<user>...] --reason <why> [--rest-of-cycle] [--connection <id>]",
  summary: "applies what is held: all of it, or what is held of the users with these ids",
});

export const guardReject = decisionCommand("reject", {
  usage: "guard reject <slug> [<user>...] --reason <why> [--connection <id>]",
  summary: "lets the users keep their access: all whose deactivation is held, or those with these ids",
});

function decisionCommand(decision: "release" | "reject", words: Pick<Command, "usage" | "summary">): Command {
  return {
    ...words,
    async run(args, context) {
      const { values, positionals } = readArgs(args, {
        reason: { type: "string" },
        "rest-of-cycle": { type: "boolean" },
        connection: { type: "string" },
      });
      const [slug, ...userIds] = positionals;
      if (slug === undefined) throw new UsageError("<slug> is missing");
      const liftsRest = values["rest-of-cycle"] === true;
      if (liftsRest && decision === "reject") throw new UsageError("--rest-of-cycle goes with release alone");
      const who = userIds.length === 0 ? {} : { userIds: userIds.map(userIdOf) };
      const request = { ...who, decision, reason: reasonOf(values.reason), actor: CLI_ACTOR };
      return onConnection(context, { slug, id: values.connection }, async (db, key, { name }) => {
        if (liftsRest) await liftRest(db, key, name);
        const count = await decideAllHeld(db, { ...key, ...request }, releaseCommands(slug));
        if (count === 0 && userIds.length > 0)
          throw new CommandError(`none of them waits; "bin/rollcall guard list ${slug}" shows who does`);
        context.print(
          decision === "release"
            ? `${count} released; the workers apply them now.`
            : `${count} rejected; the users keep their access.`,
        );
      });
    },
  };
}

type Key = { readonly tenantId: string; readonly connectionId: string };

async function liftRest(db: DatabasePool, key: Key, connection: string): Promise<void> {
  const isLifted = await db.transaction(async (tx) => {
    if (!(await liftGuard(tx, key))) return false;
    const { tenantId } = key;
    await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "guard.lifted", subject: connection }]);
    return true;
  });
  if (!isLifted) throw new CommandError("no cycle runs, so that there is no rest of it to let pass");
}

function onConnection(
  { env }: Context,
  { slug, id }: { readonly slug: string; readonly id: string | undefined },
  work: (db: DatabasePool, key: Key, connection: Connection) => Promise<void>,
): Promise<number> {
  return onDatabase({ env }, async (db) => {
    const connection = await requireConnection(db, slug, id);
    await work(db, { tenantId: connection.tenantId, connectionId: connection.id }, connection);
    return 0;
  });
}

/** @throws {UsageError} unless there is a limit, and what is given is one */
function settingsOf(values: {
  readonly users?: string | undefined;
  readonly percent?: string | undefined;
  readonly answer?: string | undefined;
}): GuardSettings {
  const usersMax = limitOf("users", values.users, "--users takes a number of users");
  const percentMax = limitOf("percent", values.percent, "--percent takes a number from 0 to 100");
  if (usersMax === null && percentMax === null) throw new UsageError("say --users, --percent, or both");
  const answer = GUARD_ANSWERS.find((known) => known === (values.answer ?? "accept"));
  if (answer === undefined) throw new UsageError(`--answer takes ${GUARD_ANSWERS.join(" or ")}`);
  return { usersMax, percentMax, answer };
}

function limitOf(kind: "users" | "percent", text: string | undefined, wrong: string): number | null {
  const limit = readLimit(kind, text ?? "");
  if (limit === undefined || text === "") throw new UsageError(wrong);
  return limit;
}

function reasonOf(text: string | undefined): string {
  const reason = text?.trim() ?? "";
  if (reason !== "" && reason.length <= REASON_CHARS_MAX) return reason;
  throw new UsageError(`--reason says why, in up to ${REASON_CHARS_MAX} characters`);
}

const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function userIdOf(text: string): string {
  if (USER_ID.test(text)) return text;
  throw new UsageError(`"${text}" is no user's id`);
}

function rowOf({ userId, userName, kind, heldAt, attempts }: HeldUser): readonly string[] {
  return [userId, userName, kind, heldAt.toISOString(), String(attempts)];
}
