/** `gate …`: how a tenant's product is answered when it asks who may log in, and who always may. */
import { type AuditAction, recordAudit } from "../store/audit.ts";
import type { Transaction } from "../store/database.ts";
import {
  addExemption,
  changeLoginGate,
  type Choice,
  type LoginExemption,
  type LoginGate,
  listExemptions,
  readLoginGate,
  removeExemption,
} from "../store/login-gates.ts";
import {
  type Command,
  CommandError,
  type Context,
  onlyArgument,
  readArgs,
  twoArguments,
  UsageError,
} from "./command.ts";
import { onDatabase } from "./installation.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const LOGIN_CHARS_MAX = 1_024;
const NOTE_CHARS_MAX = 500;

export const gateShow: Command = {
  usage: "gate show <slug> [--json]",
  summary: "shows how a tenant's product is answered, and which logins are exempt",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const slug = onlyArgument(positionals, "slug");
    const { gate, exempt } = await onDatabase(context, async (db) => {
      const { id } = await requireTenant(db, slug);
      return { gate: await readLoginGate(db, id), exempt: await listExemptions(db, id) };
    });
    if (values.json) context.print(JSON.stringify({ tenant: slug, ...gate, exempt }));
    else printGate(context, gate, exempt);
    return 0;
  },
};

export const gateSet: Command = {
  usage: "gate set <slug> [--enforce <when>] [--when-off <choice>] [--when-unreachable <choice>]",
  summary: "when: now, automatic, held or a time; choice: allow or refuse",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      enforce: { type: "string" },
      "when-off": { type: "string" },
      "when-unreachable": { type: "string" },
    });
    const slug = onlyArgument(positionals, "slug");
    const change: Partial<LoginGate> = {
      ...(values.enforce !== undefined && enforcementOf(values.enforce)),
      ...(values["when-off"] !== undefined && { whenOff: choiceOf("--when-off", values["when-off"]) }),
      ...(values["when-unreachable"] !== undefined && {
        whenUnreachable: choiceOf("--when-unreachable", values["when-unreachable"]),
      }),
    };
    if (Object.keys(change).length === 0) throw new UsageError("say what to change");
    const gate = await onTenant(context, slug, async (tx, tenantId) => {
      const changed = await changeLoginGate(tx, tenantId, change);
      const subject = Object.entries(values).map(([name, text]) => `${name} ${text}`);
      return { result: changed, action: "login_gate.changed", subject: subject.join(", ") };
    });
    printGate(context, gate, []);
    return 0;
  },
};

export const gateExempt: Command = {
  usage: "gate exempt <slug> <login> --note <why>",
  summary: "lets a userName or e-mail address log in whatever the directory says",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { note: { type: "string" } });
    const [slug, login] = twoArguments(positionals, ["slug", "login"]);
    const note = values.note?.trim() ?? "";
    if (note === "" || note.length > NOTE_CHARS_MAX)
      throw new UsageError(`--note says in up to ${NOTE_CHARS_MAX} characters why the login is exempt`);
    if (login === "" || login.length > LOGIN_CHARS_MAX)
      throw new CommandError(`a login has 1 to ${LOGIN_CHARS_MAX} characters`);
    await onTenant(context, slug, async (tx, tenantId) => {
      await addExemption(tx, tenantId, { login, note });
      return { result: undefined, action: "login_exemption.added", subject: `${login}: ${note}` };
    });
    context.print(`${login} may log in to ${slug}, whatever its directory says.`);
    return 0;
  },
};

export const gateUnexempt: Command = {
  usage: "gate unexempt <slug> <login>",
  summary: "takes a login off the exempt ones",
  async run(args, context) {
    const { positionals } = readArgs(args, {});
    const [slug, login] = twoArguments(positionals, ["slug", "login"]);
    await onTenant(context, slug, async (tx, tenantId) => {
      if (!(await removeExemption(tx, tenantId, login)))
        throw new CommandError(`"${login}" is not exempt; "bin/rollcall gate show ${slug}" shows who is`);
      return { result: undefined, action: "login_exemption.removed", subject: login };
    });
    context.print(`${login} may log in to ${slug} as its directory says.`);
    return 0;
  },
};

interface Done<Result> {
  readonly result: Result;
  readonly action: AuditAction;
  readonly subject: string;
}

/** A change and its audit row, in one transaction. */
function onTenant<Result>(
  context: Context,
  slug: string,
  work: (tx: Transaction, tenantId: string) => Promise<Done<Result>>,
): Promise<Result> {
  return onDatabase(context, (db) =>
    db.transaction(async (tx) => {
      const { id: tenantId } = await requireTenant(tx, slug);
      const { result, action, subject } = await work(tx, tenantId);
      await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action, subject }]);
      return result;
    }),
  );
}

function enforcementOf(text: string): Pick<LoginGate, "enforcement" | "enforceAt"> {
  if (text === "now") return { enforcement: "enforced", enforceAt: null };
  if (text === "automatic" || text === "held") return { enforcement: text, enforceAt: null };
  const enforceAt = new Date(text);
  if (!/^\d{4}-/.test(text) || Number.isNaN(enforceAt.getTime()))
    throw new UsageError(
      `--enforce takes now, automatic, held or a time such as 2027-01-31T08:00Z, not "${text}"`,
    );
  return { enforcement: "held", enforceAt };
}

function choiceOf(option: string, text: string): Choice {
  if (text === "allow" || text === "refuse") return text;
  throw new UsageError(`${option} takes allow or refuse, not "${text}"`);
}

function printGate({ print }: Context, gate: LoginGate, exempt: readonly LoginExemption[]): void {
  const { enforcement, enforceAt, whenOff, whenUnreachable } = gate;
  const held = enforceAt === null ? "held until it is told" : `held until ${enforceAt.toISOString()}`;
  print(`Enforcement       ${enforcement === "held" ? held : enforcement}`);
  print(`While it is off   ${whenOff}`);
  print(`If unreachable    ${whenUnreachable}`);
  for (const { login, note } of exempt) print(`Exempt            ${login}: ${note}`);
}
