/**
 * The plain server that one would write without a queue, as fast as it goes: Express and a pool, prepared statements,
 * one transaction a request, on the service's own tables and indexes. It checks nothing, keeps no ledger, counts
 * nothing, and knows one token.
 */
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import pg from "pg";

const { DATABASE_URL = "", TENANT_ID = "", TOKEN = "", POOL_MAX = "16" } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_MAX) });

type Resource = Record<string, unknown>;

interface Row {
  readonly id: string;
  readonly version: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly resource: Resource;
}

const RETURNING = "id, version, created_at, updated_at, resource";

const INSERT_USER = {
  name: "insert-user",
  text: `
  INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 1, now(), now())
  RETURNING ${RETURNING}`,
};
const FIND_USER = {
  name: "find-user",
  text: `SELECT ${RETURNING} FROM users WHERE tenant_id = $1 AND id = $2`,
};
const FIND_BY_NAME = {
  name: "find-by-name",
  text: `SELECT ${RETURNING} FROM users WHERE tenant_id = $1 AND user_name_key = $2`,
};
const LOCK_USER = { name: "lock-user", text: `${FIND_USER.text} FOR UPDATE` };
const UPDATE_USER = {
  name: "update-user",
  text: `
  UPDATE users
     SET active = $3, resource = $4, search = $5, version = version + 1, updated_at = now()
   WHERE tenant_id = $1 AND id = $2
  RETURNING ${RETURNING}`,
};
const INSERT_GROUP = {
  name: "insert-group",
  text: `
  INSERT INTO groups (tenant_id, id, display_name_key, external_id, resource, search, version, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, 1, now(), now())
  RETURNING ${RETURNING}`,
};
const ADD_MEMBERS = {
  name: "add-members",
  text: `
  WITH touched AS (
         UPDATE groups SET version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2 RETURNING id
       )
  INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
  SELECT $1, touched.id, u.id, 'User'
    FROM touched
    JOIN users u ON u.tenant_id = $1 AND u.id = ANY($3::uuid[])
      ON CONFLICT DO NOTHING`,
};

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.use((request: Request, response: Response, next: NextFunction) => {
  if (request.get("authorization") === `Bearer ${TOKEN}`) next();
  else response.status(401).end();
});
app.use(express.json({ type: () => true, limit: "16mb" }));

app.post("/scim/v2/Users", async (request, response) => {
  const body = request.body as Resource;
  const search = JSON.stringify(body).toLowerCase();
  const { userName, externalId, active } = body as {
    userName: string;
    externalId?: string;
    active?: boolean;
  };
  const values = [
    TENANT_ID,
    randomUUID(),
    userName.toLowerCase(),
    externalId,
    active !== false,
    body,
    search,
  ];
  const { rows } = await pool.query<Row>({ ...INSERT_USER, values });
  send(response, 201, rows[0]);
});

app.get("/scim/v2/Users", async (request, response) => {
  const name = /^userName eq "([^"]+)"$/i.exec(request.query["filter"] as string)?.[1] ?? "";
  const { rows } = await pool.query<Row>({ ...FIND_BY_NAME, values: [TENANT_ID, name.toLowerCase()] });
  response.json({
    schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    totalResults: rows.length,
    startIndex: 1,
    itemsPerPage: rows.length,
    Resources: rows.map(rendered),
  });
});

app.get("/scim/v2/Users/:id", async (request, response) => {
  const { rows } = await pool.query<Row>({ ...FIND_USER, values: [TENANT_ID, request.params.id] });
  send(response, 200, rows[0]);
});

app.patch("/scim/v2/Users/:id", async (request, response) => {
  const { Operations: operations } = request.body as { Operations: { path: string; value: unknown }[] };
  const keys = [TENANT_ID, request.params.id];
  const updated = await inTransaction(async (client) => {
    const { rows } = await client.query<Row>({ ...LOCK_USER, values: keys });
    const resource = { ...rows[0]?.resource };
    for (const { path, value } of operations) resource[path] = path === "active" ? value === "True" : value;
    const search = JSON.stringify(resource).toLowerCase();
    const values = [...keys, resource["active"] !== false, resource, search];
    return (await client.query<Row>({ ...UPDATE_USER, values })).rows[0];
  });
  send(response, 200, updated);
});

app.post("/scim/v2/Groups", async (request, response) => {
  const { members, ...body } = request.body as Resource & {
    displayName: string;
    members: { value: string }[];
  };
  const name = body.displayName.toLowerCase();
  const search = JSON.stringify(body).toLowerCase();
  const values = [TENANT_ID, randomUUID(), name, body["externalId"], body, search];
  const created = await inTransaction(async (client) => {
    const { rows } = await client.query<Row>({ ...INSERT_GROUP, values });
    const ids = members.map(({ value }) => value);
    if (ids.length > 0) await client.query({ ...ADD_MEMBERS, values: [TENANT_ID, rows[0]?.id, ids] });
    return rows[0];
  });
  send(response, 201, created);
});

app.patch("/scim/v2/Groups/:id", async (request, response) => {
  const { Operations: operations } = request.body as { Operations: { value: { value: string }[] }[] };
  const ids = operations.flatMap(({ value }) => value.map((member) => member.value));
  await pool.query({ ...ADD_MEMBERS, values: [TENANT_ID, request.params.id, ids] });
  response.status(204).end();
});

const server = app.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim/v2` });
});

async function inTransaction<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

function send(response: Response, status: number, row: Row | undefined): void {
  if (!row) response.status(404).end();
  else response.status(status).set("ETag", `W/"${row.version}"`).json(rendered(row));
}

function rendered({ id, version, created_at, updated_at, resource }: Row): Resource {
  return {
    ...resource,
    id,
    meta: {
      created: created_at,
      lastModified: updated_at,
      version: `W/"${version}"`,
      location: `/Users/${id}`,
    },
  };
}
