/** `schema set`, `schema show` and `schema example`: attributes that a tenant has beyond the standard's. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineModels, type ExtensionChange, type Extensions, RESOURCE_TYPES } from "../scim/index.ts";
import { recordAudit } from "../store/audit.ts";
import type { DatabasePool, Transaction } from "../store/database.ts";
import { ExtensionsError, parseExtensions } from "../store/extensions-json.ts";
import { rebuildSearch } from "../store/rebuild-search.ts";
import { findSchemaInForce, type SchemaSet, setSchema } from "../store/tenant-schemas.ts";
import {
  type Command,
  CommandError,
  type Context,
  onlyArgument,
  readArgs,
  reason,
  twoArguments,
} from "./command.ts";
import { onDatabase } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

export const schemaSet: Command = {
  usage: "schema set <slug> <file.json> [--force]",
  summary: 'gives a tenant attributes of its own; "-" reads from stdin',
  async run(args, context) {
    const { values, positionals } = readArgs(args, { force: { type: "boolean", default: false } });
    const [slug, file] = twoArguments(positionals, ["slug", "file.json"]);
    const extensions = readExtensions(file);
    return onDatabase(context, (db) => set(db, { slug, extensions, isForced: values.force }, context));
  },
};

export const schemaShow: Command = {
  usage: "schema show <slug> [--json]",
  summary: 'shows the attributes of a tenant\'s own; --json as "schema set" takes them',
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const slug = onlyArgument(positionals, "slug");
    return onDatabase(context, async (db) => {
      const { id } = await requireTenant(db, slug);
      const found = await findSchemaInForce(db, id);
      if (values.json)
        context.print(JSON.stringify(found?.extensions ?? { User: [], Group: [] }, undefined, 2));
      else if (!found)
        context.print(`${slug} has no attributes of its own; "bin/rollcall schema set" gives it some.`);
      else {
        const by = `set ${found.createdAt.toISOString()} by ${found.actor}`;
        context.print(`Version ${String(found.version)}, ${by}`);
        if (!found.searchAt)
          context.print(`Filters do not see every resource yet: run "schema set" again to end the rebuild.`);
        printAttributes(context, found.extensions);
      }
      return 0;
    });
  },
};

export const schemaExample: Command = {
  usage: "schema example",
  summary: 'prints a file for "schema set": what Javelo, an HR application, keeps of a user',
  run(_args, { print }) {
    print(readFileSync(EXAMPLE, "utf8").trimEnd());
    return Promise.resolve(0);
  },
};

// In dist the compiled file lies one folder deeper than in src.
const EXAMPLE =
  ["../../examples", "../../../examples"]
    .map((folder) => join(import.meta.dirname, folder, "javelo.json"))
    .find((path) => existsSync(path)) ?? "examples/javelo.json";

/** @throws {CommandError} with a line for each thing that is wrong with the file */
export function readExtensions(file: string): Extensions {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    const what = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new CommandError(`${file} ${what}: ${reason(error)}`, { cause: error });
  }
  try {
    return parseExtensions(json);
  } catch (error) {
    if (!(error instanceof ExtensionsError)) throw error;
    const lines = error.message.split("\n").map((line) => `  ${line}`);
    throw new CommandError(
      `${file} cannot be taken:\n${lines.join("\n")}\n"bin/rollcall schema example" prints one that can`,
    );
  }
}

/** A version of the tenant's schemas and its audit row. */
export async function recordSchema(
  tx: Transaction,
  request: { readonly tenantId: string; readonly extensions: Extensions; readonly isForced: boolean },
): Promise<SchemaSet> {
  const { tenantId } = request;
  const result = await setSchema(tx, { ...request, actor: CLI_ACTOR });
  if (result.kind === "set") {
    const subject = `version ${String(result.version)}`;
    await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "schema.set", subject }]);
  }
  return result;
}

async function set(
  db: DatabasePool,
  {
    slug,
    extensions,
    isForced,
  }: { readonly slug: string; readonly extensions: Extensions; readonly isForced: boolean },
  { print }: Context,
): Promise<number> {
  const { tenantId, result } = await db.transaction(async (tx) => {
    const { id } = await requireTenant(tx, slug);
    return { tenantId: id, result: await recordSchema(tx, { tenantId: id, extensions, isForced }) };
  });
  if (result.kind === "refused") throw new CommandError(refusal(slug, result.changes));
  const { version } = result;
  if (result.kind === "same") print(`Version ${String(version)}, which is in force, says the same.`);
  else {
    print(`Version ${String(version)} is in force for ${slug}.`);
    for (const change of result.changes) print(`  ${told(change)}`);
  }
  if (!result.needsRebuild) return 0;
  const count = await rebuildSearch(db, { tenantId, version, models: defineModels(extensions) });
  print(
    count === undefined
      ? "A newer version took over before what filters look at was rebuilt."
      : `Rebuilt what filters look at, of ${String(count)} users and groups.`,
  );
  return 0;
}

function refusal(slug: string, changes: readonly ExtensionChange[]): string {
  const lines = changes.map((change) => `  ${told(change)}`).join("\n");
  return `this would take values that users and groups of ${slug} have out of sight:\n${lines}\nThey are kept, hidden, until a PUT replaces their resource or the attribute is as it was. Nothing was changed; --force does it`;
}

function told({ path, kind, how }: ExtensionChange): string {
  return `${kind.padEnd(8)} ${path}${how === undefined ? "" : ` (${how})`}`;
}

function printAttributes(context: Context, extensions: Extensions): void {
  for (const type of RESOURCE_TYPES) {
    for (const { id, required = false, attributes } of extensions[type]) {
      context.print(`\n${type}: ${id}${required ? " (required)" : ""}`);
      printTable(context, [
        ["ATTRIBUTE", "TYPE", "DESCRIPTION"],
        ...attributes.map(({ name, type: valueType = "string", multiValued = false, description }) => [
          name,
          multiValued ? `${valueType}, several` : valueType,
          description,
        ]),
      ]);
    }
  }
}
