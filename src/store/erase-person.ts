/**
 * Taking one person out of a tenant, wherever Postgres holds something of theirs: the user itself, their history, what
 * failed, events, deliveries, people from before, exemptions. What happened stays, without whom it happened to.
 */
import { randomUUID } from "node:crypto";
import { fold, type Resource, URNS } from "../scim/index.ts";
import type { Database, Transaction } from "./database.ts";
import { overWhole } from "./over-whole.ts";
import { addDirectoryGrowth } from "./directory-totals.ts";
import { eraseEventDetails, insertEvents } from "./events.ts";
import { eraseHistory } from "./history.ts";

/** Somebody a tenant holds something of. */
export interface PersonToErase {
  readonly tenantId: string;
  /** Undefined where the product alone knew them. */
  readonly userId: string | undefined;
  /** Names, addresses and ids by which they stand in texts. */
  readonly words: readonly string[];
}

/** How many rows of each table were removed or emptied. */
export type Erased = Readonly<Record<string, number>>;

// Shorter ones are no names: as words they would be found in everybody's texts.
const WORD_CHARS_MIN = 3;

/**
 * @param wanted - a user's id, or a userName, address or external id; or the product's own id of somebody from before
 * @returns undefined for nobody; several are a list, of whom the caller must choose by id
 */
export async function findPersonToErase(
  db: Database,
  tenantId: string,
  wanted: string,
): Promise<readonly PersonToErase[]> {
  const key = fold(wanted.trim());
  const users = await db.query<{ id: string; resource: Resource }>(
    `SELECT id, resource FROM users
      WHERE tenant_id = $1
        AND (id::text = $2 OR user_name_key = $2 OR external_id = $3
             OR search @> jsonb_build_object('emails', jsonb_build_array(jsonb_build_object('value', $2::text))))
      LIMIT 10`,
    [tenantId, key, wanted.trim()],
  );
  if (users.length > 0)
    return Promise.all(users.map(({ id, resource }) => personOf(db, { tenantId, id, resource })));
  const existing = await db.query<Existing>(
    `${EXISTING} WHERE tenant_id = $1
        AND (existing_id = $3 OR user_name_key = $2 OR email_key = $2 OR external_id = $3) LIMIT 10`,
    [tenantId, key, wanted.trim()],
  );
  if (existing.length > 0)
    return [{ tenantId, userId: undefined, words: wordsOf([wanted, ...existing.flatMap(valuesOf)]) }];
  // Whoever was deleted is known by nothing but an id, and may still stand in the history.
  const [gone] = await db.query<{ id: string }>(
    `SELECT resource_id AS id FROM writes WHERE tenant_id = $1 AND resource_id::text = $2 LIMIT 1`,
    [tenantId, key],
  );
  return gone ? [{ tenantId, userId: gone.id, words: [] }] : [];
}

interface Existing {
  readonly existingId: string;
  readonly userName: string | null;
  readonly email: string | null;
  readonly externalId: string | null;
}

// Of people from before, and of the product's lists: whoever stands in one of them may be known to nobody else.
const KNOWN = "tenant_id, existing_id, user_name, email, external_id, user_name_key, email_key";
const EXISTING = `SELECT existing_id AS "existingId", user_name AS "userName", email, external_id AS "externalId"
       FROM (SELECT ${KNOWN}, user_id FROM existing_users
              UNION SELECT ${KNOWN}, user_id FROM reconciliation_differences WHERE existing_id IS NOT NULL
              UNION SELECT ${KNOWN}, linked_id FROM reconciliation_people) known`;

async function personOf(
  db: Database,
  { tenantId, id, resource }: { readonly tenantId: string; readonly id: string; readonly resource: Resource },
): Promise<PersonToErase> {
  const known = await db.query<Existing>(`${EXISTING} WHERE tenant_id = $1 AND user_id = $2`, [tenantId, id]);
  const emails = Array.isArray(resource["emails"]) ? (resource["emails"] as { value?: unknown }[]) : [];
  const texts = [resource["userName"], resource["externalId"], ...emails.map(({ value }) => value)];
  const product = (resource[URNS.productUser] as { productId?: unknown } | undefined)?.productId;
  return { tenantId, userId: id, words: wordsOf([...texts, product, ...known.flatMap(valuesOf)]) };
}

function valuesOf({ existingId, userName, email, externalId }: Existing): readonly (string | null)[] {
  return [existingId, userName, email, externalId];
}

function wordsOf(values: readonly unknown[]): readonly string[] {
  const texts = values.filter((value): value is string => typeof value === "string" && value !== "");
  return [...new Set(texts.flatMap((text) => [text, fold(text)]))];
}

/** All of it or nothing. @returns the proof: rows by table */
export async function erasePerson(tx: Transaction, person: PersonToErase): Promise<Erased> {
  const { tenantId, userId } = person;
  const pattern = patternOf(person.words);
  const erased: Record<string, number> = {};
  const count = async (
    table: string,
    text: string,
    values: readonly unknown[],
    typed = "",
  ): Promise<void> => {
    // Some look through the texts of a whole ledger.
    const [row] = await overWhole(tx, (patient) =>
      patient.query<{ rows: number }>(
        `WITH ${typed}${typed && ", "}erased AS (${text} RETURNING 1) SELECT count(*)::int AS rows FROM erased`,
        values,
      ),
    );
    erased[table] = (erased[table] ?? 0) + (row?.rows ?? 0);
  };
  for (const [table, text] of STATEMENTS) {
    const typed = "typed AS (SELECT $1::uuid, $2::uuid, $3::text, $4::text[])";
    await count(table, text, [tenantId, userId ?? null, pattern, person.words], typed);
  }
  if (userId !== undefined) await eraseUser(tx, { tenantId, userId }, count);
  return erased;
}

/**
 * Each with $1 the tenant, $2 the user, $3 a pattern of the person's words, $4 the words. The texts of others are
 * emptied where they name the person: a refusal says who has a name, a note may say anything.
 */
const STATEMENTS: readonly (readonly [table: string, text: string])[] = [
  [
    "failures",
    `UPDATE failures f
        SET by_external = NULL, by_name = NULL, note = NULL, reason = NULL, is_repeatable = false
       FROM writes w
      WHERE f.tenant_id = $1 AND w.tenant_id = $1 AND w.write_id = f.write_id
        AND (w.resource_id = $2 OR w.request::text ~* $3 OR w.detail ~* $3 OR f.note ~* $3 OR f.reason ~* $3)`,
  ],
  [
    "writes",
    `UPDATE writes
        SET changes = NULL, request = NULL, detail = NULL, client_request_id = NULL
      WHERE tenant_id = $1
        AND (resource_id = $2 OR request::text ~* $3 OR detail ~* $3 OR changes::text ~* $3)`,
  ],
  [
    "events",
    `UPDATE events SET details = details - 'externalId' - 'productId'
      WHERE tenant_id = $1 AND details IS NOT NULL
        AND (resource_id = $2 OR details ->> 'externalId' ~* $3 OR details ->> 'productId' ~* $3)`,
  ],
  [
    "webhook_deliveries",
    `UPDATE webhook_deliveries SET response = NULL, error = NULL
      WHERE tenant_id = $1 AND (response IS NOT NULL OR error IS NOT NULL)
        AND (resource_id = $2 OR response ~* $3 OR error ~* $3)`,
  ],
  [
    "accepted_writes",
    `DELETE FROM accepted_writes
      WHERE tenant_id = $1 AND (resource_id = $2 OR command::text ~* $3)`,
  ],
  ...(["existing_users", "reconciliation_differences", "reconciliation_people"] as const).map(
    (table) =>
      [
        table,
        `DELETE FROM ${table}
      WHERE tenant_id = $1
        AND (${table === "reconciliation_people" ? "linked_id" : "user_id"} = $2 OR existing_id = ANY($4)
             OR user_name = ANY($4) OR user_name_key = ANY($4)
             OR email = ANY($4) OR email_key = ANY($4) OR external_id = ANY($4))`,
      ] as const,
  ),
  [
    "login_exemptions",
    `DELETE FROM login_exemptions
      WHERE tenant_id = $1
        AND (login_key = ANY($4) OR login = ANY($4) OR note ~* $3)`,
  ],
  [
    "audit",
    `UPDATE audit SET subject = 'erased'
      WHERE tenant_id = $1
        AND subject ~* $3`,
  ],
];

/** Matches the words as words, letter case aside. @returns null, which matches nothing, where there are none */
function patternOf(words: readonly string[]): string | null {
  const longEnough = words.filter(({ length }) => length >= WORD_CHARS_MIN);
  if (longEnough.length === 0) return null;
  const escaped = longEnough.map((word) => word.replaceAll(/[^\p{L}\p{N}]/gu, (char) => `\\${char}`));
  return `(^|[^[:alnum:]])(${escaped.join("|")})([^[:alnum:]]|$)`;
}

type Count = (table: string, text: string, values: readonly unknown[]) => Promise<void>;

/** The user, as a deletion of its own: the product hears that the user is gone, and not who it was. */
async function eraseUser(
  tx: Transaction,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
  count: Count,
): Promise<void> {
  const key = [tenantId, userId];
  await eraseHistory(tx, { tenantId, id: userId });
  await eraseEventDetails(tx, tenantId, userId);
  const [user] = await tx.query<{ active: boolean }>(
    "SELECT active FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
    key,
  );
  await count("group_members", "DELETE FROM group_members WHERE tenant_id = $1 AND member_id = $2", key);
  await count("member_changes", "DELETE FROM member_changes WHERE tenant_id = $1 AND member_id = $2", key);
  await count("users", "DELETE FROM users WHERE tenant_id = $1 AND id = $2", key);
  if (!user) return;
  const growth = { usersActive: user.active ? -1 : 0, usersInactive: user.active ? 0 : -1, groups: 0 };
  await addDirectoryGrowth(tx, [{ tenantId, ...growth }]);
  const event = { tenantId, id: randomUUID(), type: "user.deleted", resourceType: "User" } as const;
  const nothing = { version: null, changed: [], details: null, writeId: null };
  await insertEvents(tx, [{ ...event, ...nothing, resourceId: userId }]);
}
