/** `reconciliation …`: the product's own list of its people against the directory, and the reports of it. */
import type { DatabasePool } from "../store/database.ts";
import { countProductList, LIST_FIELDS, readProductList } from "../store/reconciliation-file.ts";
import {
  type Difference,
  differencesCsv,
  findReconciliation,
  listDifferences,
  listReconciliations,
} from "../store/reconciliation-reports.ts";
import {
  deleteReconciliation,
  type Finding,
  FINDINGS,
  type Reconciliation,
  type ReconciliationCounts,
  type ReconciliationKey,
} from "../store/reconciliations.ts";
import { auditReconciliation, reconcile } from "../store/reconcile.ts";
import { isResourceId } from "../store/members.ts";
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
import { headingsOf, inFile, readText, showProgress } from "./people-file.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const SHOWN = 50;

export const reconciliationRun: Command = {
  usage: "reconciliation run <slug> <file.csv> [--map <field>=<heading>,…] [--json]",
  summary: `holds the product's own list against the directory; fields: ${LIST_FIELDS.join(", ")}`,
  async run(args, context) {
    const { values, positionals } = readArgs(args, { map: { type: "string" }, json: { type: "boolean" } });
    const [slug, file] = twoArguments(positionals, ["slug", "file.csv"]);
    const headings = headingsOf(values.map, LIST_FIELDS);
    const text = readText(file);
    // Read once for what is wrong in it, before anything is stored, and again while it is.
    const total = inFile(file, () => countProductList(text, headings));
    if (total === 0) throw new CommandError(`${file} has headings and nobody below them`);
    return onTenant(context, slug, async (db, tenantId) => {
      const people = readProductList(text, headings);
      const onProgress = (done: number): void => showProgress(done, total);
      const report = await reconcile(db, { tenantId, people, actor: CLI_ACTOR, onProgress });
      if (report === undefined) throw new CommandError(`nobody of ${file} is left to compare`);
      if (values.json) context.print(JSON.stringify({ tenant: slug, ...report }));
      else {
        context.print(`${report.counts.listed} people of ${file} are compared: ${report.id}`);
        printCounts(context, report.counts);
      }
    });
  },
};

export const reconciliationList: Command = {
  usage: "reconciliation list <slug> [--json]",
  summary: "shows a tenant's reports, newest first",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const slug = onlyArgument(positionals, "slug");
    return onTenant(context, slug, async (db, tenantId) => {
      const reports = await listReconciliations(db, tenantId, SHOWN);
      if (values.json) context.print(JSON.stringify(reports.map(viewOf), undefined, 2));
      else if (reports.length === 0) context.print(`${slug} has no report.`);
      else printTable(context, [["ID", "BEGUN", "BY", "LISTED", "REMOVE", "GIVE"], ...reports.map(rowOf)]);
    });
  },
};

export const reconciliationShow: Command = {
  usage: "reconciliation show <slug> [<id>] [--finding <finding>,…] [--csv | --json]",
  summary: "shows who differs, by the newest report or the one that is named",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      finding: { type: "string" },
      csv: { type: "boolean" },
      json: { type: "boolean" },
    });
    const findings = findingsOf(values.finding);
    return onTenant(context, slugOf(positionals), async (db, tenantId) => {
      const report = await requireReport(db, tenantId, positionals[1]);
      const query = { tenantId, id: report.id, findings };
      if (values.csv) return printCsv(context, db, query);
      const limit = values.json ? Number.MAX_SAFE_INTEGER : SHOWN;
      const differences = await listDifferences(db, { ...query, after: 0, limit });
      if (values.json) context.print(JSON.stringify({ ...viewOf(report), differences }));
      else printReport(context, report, differences);
    });
  },
};

export const reconciliationDelete: Command = {
  usage: "reconciliation delete <slug> <id>",
  summary: "removes a report, with what it holds of people",
  async run(args, context) {
    const { positionals } = readArgs(args, {});
    const [slug, id] = twoArguments(positionals, ["slug", "id"]);
    return onTenant(context, slug, async (db, tenantId) => {
      const report = await requireReport(db, tenantId, id);
      await db.transaction(async (tx) => {
        await deleteReconciliation(tx, report);
        const entry = { tenantId, actor: CLI_ACTOR, action: "reconciliation.deleted" } as const;
        await auditReconciliation(tx, entry, report.counts?.listed ?? 0);
      });
      context.print(`The report ${report.id} is removed.`);
    });
  },
};

async function onTenant(
  { env }: Context,
  slug: string,
  work: (db: DatabasePool, tenantId: string) => Promise<void>,
): Promise<number> {
  await onDatabase({ env }, async (db) => work(db, (await requireTenant(db, slug)).id));
  return 0;
}

function slugOf([slug, , unexpected]: readonly string[]): string {
  if (slug === undefined) throw new UsageError("<slug> is missing");
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  return slug;
}

async function requireReport(
  db: DatabasePool,
  tenantId: string,
  id: string | undefined,
): Promise<Reconciliation> {
  const report =
    id === undefined
      ? (await listReconciliations(db, tenantId, 1))[0]
      : isResourceId(id)
        ? await findReconciliation(db, { tenantId, id })
        : undefined;
  if (report === undefined)
    throw new CommandError('there is no such report; "reconciliation list" shows those that are kept');
  return report;
}

function findingsOf(text: string | undefined): readonly Finding[] {
  return (text?.split(",") ?? []).map((name) => {
    const finding = FINDINGS.find((each) => each === name.trim());
    if (finding === undefined) throw new UsageError(`--finding takes ${FINDINGS.join(", ")}, not "${name}"`);
    return finding;
  });
}

function viewOf({ id, actor, startedAt, completedAt, counts }: Reconciliation): object {
  return { id, actor, startedAt, completedAt, counts };
}

function rowOf({ id, actor, startedAt, counts }: Reconciliation): string[] {
  const figures = [counts?.listed, counts?.accessToRemove, counts?.accessToGive];
  return [id, startedAt.toISOString(), actor, ...figures.map((figure) => String(figure ?? "open"))];
}

async function printCsv(
  { print }: Context,
  db: DatabasePool,
  query: ReconciliationKey & { readonly findings: readonly Finding[] },
): Promise<void> {
  for await (const lines of differencesCsv(db, query)) print(lines.replace(/\r?\n$/, ""));
}

function printCounts({ print }: Context, counts: ReconciliationCounts): void {
  for (const [name, people] of Object.entries(counts)) print(`${name.padEnd(24)}${people}`);
}

function printReport(context: Context, report: Reconciliation, differences: readonly Difference[]): void {
  if (report.counts === null) {
    context.print("The list is open: it was not compared yet.");
    return;
  }
  printCounts(context, report.counts);
  if (differences.length === 0) return;
  context.print("");
  printTable(context, [
    ["FINDING", "ID", "NAME", "E-MAIL", "IN PRODUCT", "IN DIRECTORY", "USER"],
    ...differences.map(({ finding, id, userName, displayName, email, userId, ...is }) => [
      ...[finding, id ?? "", userName ?? displayName ?? "", email ?? ""],
      ...[activity(is.activeInProduct), activity(is.activeInDirectory), userId ?? ""],
    ]),
  ]);
  if (differences.length === SHOWN) context.print(`… the first ${SHOWN}; --csv has all, --finding some.`);
}

function activity(isActive: boolean | null): string {
  if (isActive === null) return "-";
  return isActive ? "active" : "inactive";
}
