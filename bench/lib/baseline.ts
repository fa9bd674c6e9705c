/**
 * The least that could answer who may log in, as a product's team might write it in an afternoon: Express, its JSON
 * parser, and one look-up by pg's pool for each request. It checks no key and has no metrics.
 */
import { type ChildProcess, spawn } from "node:child_process";
import express from "express";
import pg from "pg";

const QUERIES = {
  userName: "user_name_key = lower($2)",
  externalId: "external_id = $2",
  email: "search @> jsonb_build_object('emails', jsonb_build_array(jsonb_build_object('value', lower($2))))",
} as const;

/** Runs this file as a process of its own. */
export async function spawnBaseline(
  databaseUrl: string,
  tenantId: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", "tsx", import.meta.filename, databaseUrl, tenantId],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    child.once("exit", () => reject(new Error("the baseline ended at its start")));
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

function serve(databaseUrl: string, tenantId: string): void {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 16 });
  const app = express();
  app.use(express.json());
  app.post("/v1/login-check", async (request, response) => {
    const body = request.body as Record<string, string>;
    const field = (["userName", "email", "externalId"] as const).find((name) => name in body) ?? "userName";
    const { rows } = await pool.query<{ id: string; active: boolean }>({
      name: `check-${field}`,
      text: `SELECT id, active FROM users WHERE tenant_id = $1 AND ${QUERIES[field]}`,
      values: [tenantId, body[field]],
    });
    const [user] = rows;
    response.json({ allowed: user?.active === true, userId: user?.id });
  });
  const server = app.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    process.stdout.write(`http://127.0.0.1:${port}\n`);
  });
}

const [, file, databaseUrl, tenantId] = process.argv;
if (file === import.meta.filename && databaseUrl !== undefined && tenantId !== undefined)
  serve(databaseUrl, tenantId);
