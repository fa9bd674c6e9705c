/**
 * Who of a directory the people of a list are: the rules of matching as the beginning of a statement, for lists that differ
 * in where they stand and in what else is known of them.
 */
import type { Database, Transaction } from "./database.ts";
import { overWhole } from "./over-whole.ts";

/** In the order in which they are tried; the first by which anybody is found decides. */
export const MATCHED_BY = ["adopted", "userId", "externalId", "userName", "email"] as const;
export type MatchedBy = (typeof MATCHED_BY)[number];

export interface MatchedList {
  /** `table e WHERE …`, in which $1 is the tenant. Columns: existing_id, user_name_key, email_key, external_id. */
  readonly people: string;
  /** Selects whom is known already: existing_id, the user's id and active, and 0 for who was adopted, 1 for who is named by id. */
  readonly known: string;
  /** Further columns of `e` that the statement needs; each is named. */
  readonly columns: readonly string[];
}

/**
 * Common table expressions `candidates`, `best` and `decided`. A row of `decided` is a person with the number of users
 * found by the rule that decides, and the user where it is one. Many products have the address for a name, and
 * directories the name for an address: both are tried. Who was adopted stays who it is, whatever its names become.
 */
export function matching({ people, known, columns }: MatchedList): string {
  const [table, where] = people.split(" WHERE ");
  const by = (rank: number, join: string): string =>
    `SELECT e.existing_id, u.id, u.active, ${rank} FROM ${table} ${join} WHERE ${where}`;
  return `
       candidates (existing_id, id, active, rank) AS (
         ${known}
          UNION
         ${by(2, "JOIN users u ON u.tenant_id = $1 AND u.external_id = e.external_id")}
          UNION
         ${by(3, "JOIN users u ON u.tenant_id = $1 AND u.user_name_key = e.user_name_key")}
          UNION
         ${by(4, "JOIN users u ON u.tenant_id = $1 AND u.user_name_key = e.email_key")}
          UNION
         ${by(4, `JOIN (${ADDRESSES}) u ON u.address = e.email_key`)}
       ),
       best AS (
         SELECT existing_id, rank, count(*) AS found, min(id::text)::uuid AS user_id, bool_or(active) AS active,
                row_number() OVER (PARTITION BY existing_id ORDER BY rank) AS place
           FROM candidates
          GROUP BY existing_id, rank
       ),
       decided AS (
         SELECT e.existing_id, b.rank, b.found, b.active, CASE WHEN b.found = 1 THEN b.user_id END AS user_id,
                CASE WHEN b.found = 1
                     THEN (ARRAY['${MATCHED_BY.join("', '")}'])[b.rank + 1] END AS matched_by,
                coalesce(e.user_name_key, e.email_key, e.external_id) IS NULL AS is_incomplete,
                coalesce(b.rank <> 0, true) AND (CASE WHEN e.user_name_key IS NOT NULL
                     THEN count(*) OVER (PARTITION BY e.user_name_key) > 1 ELSE false END
                OR CASE WHEN e.email_key IS NOT NULL
                     THEN count(*) OVER (PARTITION BY e.email_key) > 1 ELSE false END
                OR CASE WHEN b.found = 1
                     THEN count(*) OVER (PARTITION BY CASE WHEN b.found = 1 THEN b.user_id END) > 1 ELSE false END)
                  AS is_duplicate${columns.map((column) => `,\n                e.${column}`).join("")}
           FROM ${table}
           LEFT JOIN best b ON b.existing_id = e.existing_id AND b.place = 1
          WHERE ${where}
       )`;
}

/**
 * Of people who were just stored Postgres has no statistics: it takes them for few, and would read the directory once for
 * each (100,000 among 100,000: minutes). Reading it whole, once, is right for many and bearable for few.
 */
export async function readingWhole<Result>(
  tx: Transaction,
  work: (patient: Database) => Promise<Result>,
): Promise<Result> {
  await tx.query("SET LOCAL enable_nestloop = off");
  const result = await overWhole(tx, work);
  await tx.query("SET LOCAL enable_nestloop TO DEFAULT");
  return result;
}

const ADDRESSES = `SELECT u.id, u.active, a.address ->> 'value' AS address
                     FROM users u CROSS JOIN LATERAL jsonb_array_elements(u.search -> 'emails') AS a (address)
                    WHERE u.tenant_id = $1`;
