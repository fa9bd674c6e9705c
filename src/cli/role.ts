/** `role map`, `role unmap` and `role list`: which groups give their members which roles of the product. */
import { type AuditAction, recordAudit } from "../store/audit.ts";
import type { Transaction } from "../store/database.ts";
import {
  addRoleMapping,
  describeMapping,
  listRoleMappings,
  MAPPINGS_MAX,
  removeRoleMapping,
  type RoleMapping,
  wrongMapping,
} from "../store/role-mappings.ts";
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
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const GROUP_OPTIONS = "--display-name <name> | --external-id <id> | --group-id <id>";

export const roleMap: Command = {
  usage: `role map <slug> <role> (${GROUP_OPTIONS})`,
  summary: "gives the members of a group, and of groups in it, a role of the product",
  async run(args, context) {
    const { slug, mapping } = read(args);
    await changed(context, slug, {
      action: "role_mapping.added",
      mapping,
      change: async (tx, tenantId) => {
        if (!(await addRoleMapping(tx, tenantId, mapping)))
          throw new CommandError(
            `${slug} has ${MAPPINGS_MAX} mappings already, which is as many as there may be`,
          );
      },
    });
    context.print(`${slug}: ${describeMapping(mapping)}, from now on.`);
    return 0;
  },
};

export const roleUnmap: Command = {
  usage: `role unmap <slug> <role> (${GROUP_OPTIONS})`,
  summary: "takes the role from the members of the group, unless another group gives it",
  async run(args, context) {
    const { slug, mapping } = read(args);
    await changed(context, slug, {
      action: "role_mapping.removed",
      mapping,
      change: async (tx, tenantId) => {
        if (!(await removeRoleMapping(tx, tenantId, mapping)))
          throw new CommandError(
            `there is no such mapping; "bin/rollcall role list ${slug}" shows those there are`,
          );
      },
    });
    context.print(`${slug}: ${describeMapping(mapping)} no more.`);
    return 0;
  },
};

export const roleList: Command = {
  usage: "role list <slug> [--json]",
  summary: "shows which groups give which roles, and how many of those groups are there",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const slug = onlyArgument(positionals, "slug");
    const mappings = await onDatabase(context, async (db) =>
      listRoleMappings(db, (await requireTenant(db, slug)).id),
    );
    if (values.json) context.print(JSON.stringify(mappings, undefined, 2));
    else if (mappings.length === 0) context.print(`${slug} maps no group to a role.`);
    else
      printTable(context, [
        ["ROLE", "GROUP BY", "VALUE", "GROUPS"],
        ...mappings.map(({ role, matchBy, value, groups }) => [role, matchBy, value, String(groups)]),
      ]);
    return 0;
  },
};

function read(args: readonly string[]): { readonly slug: string; readonly mapping: RoleMapping } {
  const { values, positionals } = readArgs(args, {
    "display-name": { type: "string" },
    "external-id": { type: "string" },
    "group-id": { type: "string" },
  });
  const [slug, role] = twoArguments(positionals, ["slug", "role"]);
  const given = (
    [
      ["displayName", values["display-name"]],
      ["externalId", values["external-id"]],
      ["id", values["group-id"]],
    ] as const
  ).flatMap(([matchBy, value]) => (value === undefined ? [] : [{ role, matchBy, value }]));
  const [mapping, another] = given;
  if (mapping === undefined || another !== undefined)
    throw new UsageError("say which group, by one of --display-name, --external-id and --group-id");
  const wrong = wrongMapping(mapping);
  if (wrong !== undefined) throw new UsageError(wrong);
  return { slug, mapping };
}

interface Change {
  readonly action: AuditAction;
  readonly mapping: RoleMapping;
  readonly change: (tx: Transaction, tenantId: string) => Promise<void>;
}

function changed(context: Context, slug: string, { action, mapping, change }: Change): Promise<void> {
  return onDatabase(context, (db) =>
    db.transaction(async (tx) => {
      const { id: tenantId } = await requireTenant(tx, slug);
      await change(tx, tenantId);
      await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action, subject: describeMapping(mapping) }]);
    }),
  );
}
