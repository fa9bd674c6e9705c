/**
 * What a batch of new users takes for granted, so that it need not ask: Postgres checks it at the beginning of the same
 * journey as the batch's changes, and refuses the rest of that journey where it does not hold (docs/decisions/0067).
 */
import { together, type Transaction } from "./database.ts";
import { shareSchemas } from "./tenant-schemas.ts";

export interface AssumedTenant {
  readonly tenantId: string;
  /** Of its schemas, the one in force. */
  readonly version: number;
}

/** A user that is to be made, whom nothing is to be known of. */
export interface UnknownUser {
  readonly tenantId: string;
  readonly writeId: string;
  readonly requestKey: string;
  readonly nameKey: string;
}

const KNOWN_USER = "n.tenant_id = u.tenant_id AND n.name_key = u.user_name_key";
const SAME_REQUEST = (other: string): string =>
  `n.tenant_id = ${other}.tenant_id AND n.request_key = ${other}.request_key`;

// Of each tenant: the version of its schemas, nothing accepted that comes before, and, unless the batch looks for what it
// mends, no failure. Of each user: nobody has the name, and its request is neither noted nor sent again and ended. What
// comes while the batch runs is met by the keys of users and writes.
//
// A division, since nothing else in plain SQL fails on a condition. Joins, which look each row up; an EXISTS for each user
// might be planned as a table read once.
const ASSUME = `
  SELECT now() AS now,
         1 / (coalesce((SELECT max(s.version) FROM tenant_schemas s WHERE s.tenant_id = t.tenant_id), 0) = t.version
              AND ($7 OR NOT EXISTS (SELECT FROM failures f
                                      WHERE f.tenant_id = ANY ($1::uuid[]) AND f.state IN ('open', 'retried')))
              AND NOT EXISTS (SELECT FROM accepted_writes a WHERE a.tenant_id = ANY ($1::uuid[]))
              AND NOT EXISTS (SELECT FROM unnest($3::uuid[], $6::text[]) AS n (tenant_id, name_key)
                                JOIN users u ON ${KNOWN_USER})
              AND NOT EXISTS (SELECT FROM unnest($3::uuid[], $5::uuid[]) AS n (tenant_id, request_key)
                                JOIN unanswered_writes u ON ${SAME_REQUEST("u")})
              AND NOT EXISTS (SELECT FROM unnest($3::uuid[], $4::uuid[], $5::uuid[]) AS n (tenant_id, write_id, request_key)
                                JOIN writes w ON ${SAME_REQUEST("w")} AND w.write_id > n.write_id))::int AS holds
    FROM unnest($1::uuid[], $2::bigint[]) AS t (tenant_id, version)`;

/**
 * To be called first in a transaction, whose other statements travel with it.
 * @returns the transaction's time
 * @throws a division by zero where something is known
 */
export async function assumeUnknown(
  tx: Transaction,
  {
    tenants: unordered,
    users,
    mends,
  }: {
    readonly tenants: readonly AssumedTenant[];
    readonly users: readonly UnknownUser[];
    /** Failures may be there: the batch mends them. */
    readonly mends: boolean;
  },
): Promise<Date> {
  const tenants = [...unordered].sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  const [, [row]] = await together([
    shareSchemas(
      tx,
      tenants.map(({ tenantId }) => tenantId),
    ),
    tx.query<{ now: Date }>({ name: "assume-unknown", text: ASSUME }, [
      tenants.map(({ tenantId }) => tenantId),
      tenants.map(({ version }) => version),
      users.map(({ tenantId }) => tenantId),
      users.map(({ writeId }) => writeId),
      users.map(({ requestKey }) => requestKey),
      users.map(({ nameKey }) => nameKey),
      mends,
    ]),
  ]);
  return row?.now ?? new Date();
}
