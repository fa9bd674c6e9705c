/** `product-key …`: the keys by which a product asks about its tenant. A key is shown once, here. */
import { recordAudit } from "../store/audit.ts";
import type { Database, DatabasePool } from "../store/database.ts";
import {
  endProductKey,
  issueProductKey,
  listProductKeys,
  type ProductKey,
  revokeProductKey,
} from "../store/product-keys.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs, twoArguments } from "./command.ts";
import { onDatabase, requireSecret } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const NAME_CHARS_MAX = 100;
const OVERLAP_HOURS = 24;

export const productKeyCreate: Command = {
  usage: "product-key create <slug> [--name <text>] [--days <n>] [--json]",
  summary: "makes a key by which the tenant's product asks who may log in",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      name: { type: "string" },
      days: { type: "string" },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    const name = checkedName(values.name);
    const ttlDays = values.days === undefined ? undefined : wholeNumber("--days", values.days, 1);
    return onDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const key = await create(db, { slug, name, secret, ttlDays });
      printKey(context, { tenant: slug, key }, values.json);
      return 0;
    });
  },
};

export const productKeyList: Command = {
  usage: "product-key list <slug> [--json]",
  summary: "shows a tenant's product keys, when they end and when they were used",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const slug = onlyArgument(positionals, "slug");
    const keys = await onDatabase(context, async (db) => {
      const tenant = await requireTenant(db, slug);
      return listProductKeys(db, tenant.id);
    });
    if (values.json) context.print(JSON.stringify(keys, undefined, 2));
    else printKeys(context, slug, keys);
    return 0;
  },
};

export const productKeyRotate: Command = {
  usage: "product-key rotate <slug> <key> [--overlap-hours <n>] [--json]",
  summary: "makes a key in the place of another, which works for 24 more hours",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      "overlap-hours": { type: "string" },
      json: { type: "boolean" },
    });
    const [slug, wanted] = twoArguments(positionals, ["slug", "key"]);
    const given = values["overlap-hours"];
    const overlapHours = given === undefined ? OVERLAP_HOURS : wholeNumber("--overlap-hours", given, 0);
    return onDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const key = await rotate(db, { slug, wanted, secret, overlapHours });
      printKey(context, { tenant: slug, key }, values.json);
      return 0;
    });
  },
};

export const productKeyRevoke: Command = {
  usage: "product-key revoke <slug> <key>",
  summary: "ends a product key at once; <key> is its id or the hint that list shows",
  async run(args, context) {
    const { positionals } = readArgs(args, {});
    const [slug, wanted] = twoArguments(positionals, ["slug", "key"]);
    return onDatabase(context, async (db) => {
      const hint = await revoke(db, slug, wanted);
      context.print(`The key ${hint}… of ${slug} opens nothing any more.`);
      return 0;
    });
  },
};

function checkedName(name = "product"): string {
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > NAME_CHARS_MAX)
    throw new CommandError(`a key's name has 1 to ${NAME_CHARS_MAX} characters`);
  return trimmed;
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= 36_500) return number;
  throw new CommandError(`${option} takes a whole number from ${least} to 36500, not "${text}"`);
}

async function create(
  db: DatabasePool,
  request: {
    readonly slug: string;
    readonly name: string;
    readonly secret: string;
    readonly ttlDays: number | undefined;
  },
): Promise<string> {
  const { slug, name, secret, ttlDays } = request;
  return db.transaction(async (tx) => {
    const { id: tenantId } = await requireTenant(tx, slug);
    const { key, hint } = await issueProductKey(tx, { tenantId, name, secret, ttlDays });
    await recordAudit(tx, [
      { tenantId, actor: CLI_ACTOR, action: "product_key.created", subject: `${hint}… ${name}` },
    ]);
    return key;
  });
}

async function rotate(
  db: DatabasePool,
  request: {
    readonly slug: string;
    readonly wanted: string;
    readonly secret: string;
    readonly overlapHours: number;
  },
): Promise<string> {
  const { slug, wanted, secret, overlapHours } = request;
  return db.transaction(async (tx) => {
    const { id: tenantId } = await requireTenant(tx, slug);
    const old = await findLiveKey(tx, tenantId, wanted);
    const ttlDays = old.expiresAt === null ? undefined : lifeDays(old.createdAt, old.expiresAt);
    const { key, hint } = await issueProductKey(tx, { tenantId, name: old.name, secret, ttlDays });
    await endProductKey(tx, { tenantId, id: old.id }, overlapHours);
    await recordAudit(tx, [
      { tenantId, actor: CLI_ACTOR, action: "product_key.rotated", subject: `${old.hint}… → ${hint}…` },
    ]);
    return key;
  });
}

/** The new key lives as long as the old one was meant to. */
function lifeDays(createdAt: Date, expiresAt: Date): number {
  return Math.max(1, Math.round((expiresAt.getTime() - createdAt.getTime()) / 86_400_000));
}

async function revoke(db: DatabasePool, slug: string, wanted: string): Promise<string> {
  return db.transaction(async (tx) => {
    const { id: tenantId } = await requireTenant(tx, slug);
    const { id, hint } = await findLiveKey(tx, tenantId, wanted);
    await revokeProductKey(tx, tenantId, id);
    await recordAudit(tx, [
      { tenantId, actor: CLI_ACTOR, action: "product_key.revoked", subject: `${hint}…` },
    ]);
    return hint;
  });
}

/** @param wanted - its id, or the first characters that lists show */
async function findLiveKey(db: Database, tenantId: string, wanted: string): Promise<ProductKey> {
  const text = wanted.replace(/…$/, "");
  const all = await listProductKeys(db, tenantId);
  const found = all.filter(({ id, hint, revokedAt }) => revokedAt === null && (id === text || hint === text));
  const [key, another] = found;
  if (key === undefined)
    throw new CommandError(
      `no live key is "${wanted}"; "bin/rollcall product-key list" shows those there are`,
    );
  if (another !== undefined)
    throw new CommandError(`several keys begin with "${text}"; give the id that list --json shows`);
  return key;
}

/** The only place where a key is shown. */
function printKey(
  { print }: Context,
  shown: { readonly tenant: string; readonly key: string },
  asJson = false,
): void {
  const { tenant, key } = shown;
  if (asJson) {
    print(JSON.stringify({ tenant, key }));
    return;
  }
  print(`Tenant  ${tenant}`);
  print(`Key     ${key}`);
  print(
    "The key is shown this once and cannot be read again. The product sends it as a bearer token to /v1.",
  );
}

function printKeys(context: Context, slug: string, keys: readonly ProductKey[]): void {
  if (keys.length === 0) {
    context.print(`No product keys yet; "bin/rollcall product-key create ${slug}" makes one.`);
    return;
  }
  const day = (date: Date | null): string | undefined => date?.toISOString().slice(0, 10);
  printTable(context, [
    ["KEY", "NAME", "CREATED", "ENDS", "LAST USED"],
    ...keys.map(({ hint, name, createdAt, expiresAt, revokedAt, lastUsedAt }) => [
      `${hint}…`,
      name,
      day(createdAt) ?? "",
      revokedAt === null ? (day(expiresAt) ?? "never") : `revoked ${day(revokedAt) ?? ""}`,
      day(lastUsedAt) ?? "never",
    ]),
  ]);
}
