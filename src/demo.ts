/** `bin/start --demo`: a tenant `demo`, and the Azure AD simulator provisioning it over HTTP until the service stops. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabasePool } from "./store/database.ts";
import {
  createConnection,
  createTenant,
  findTenant,
  listTenantConnections,
  rotateToken,
} from "./store/tenants.ts";

export interface DemoSettings {
  readonly db: DatabasePool;
  readonly secret: string;
  readonly tokenTtlDays: number;
  /** The api's own address: the simulator runs beside it. */
  readonly apiUrl: string;
  /** Environment for the simulator, without its token. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Demo {
  /** Lets the simulator verify what it provisioned. @returns its exit code: 0 when the directory is as it believes */
  stop(): Promise<number>;
}

const DEMO = { slug: "demo", name: "Demo tenant", connection: "Azure AD (simulated)" } as const;
const SIZE = ["--users", "500", "--groups", "12", "--cycles", "0", "--beat", "40", "--keep"] as const;

export async function startDemo(settings: DemoSettings): Promise<Demo> {
  const token = await issueDemoToken(settings);
  const source = join(import.meta.dirname, "../tools/azure-ad/main.ts");
  const program = existsSync(source)
    ? ["--import", "tsx", source]
    : [join(import.meta.dirname, "../tools/azure-ad/main.js")];
  const child = spawn(
    process.execPath,
    [...program, "--url", `${settings.apiUrl}/scim/v2`, "--dialect", "mixed", ...SIZE],
    {
      // A group of its own: Ctrl-C in the terminal must reach it through `stop`, once.
      detached: true,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...settings.env, ROLLCALL_TOKEN: token },
    },
  );
  // A process that ends without its stop takes the simulator along.
  process.once("exit", () => child.kill("SIGTERM"));
  const exit = exitOf(child);
  return {
    stop: () => {
      child.kill("SIGTERM");
      return exit;
    },
  };
}

async function issueDemoToken({ db, secret, tokenTtlDays }: DemoSettings): Promise<string> {
  return db.transaction(async (tx) => {
    const tenant = (await findTenant(tx, DEMO.slug)) ?? (await createTenant(tx, DEMO));
    if (!tenant) throw new Error(`tenant ${DEMO.slug} was made and taken away at once`);
    const [connection] = await listTenantConnections(tx, tenant.id);
    const connectionId = connection?.id ?? (await createConnection(tx, tenant.id, DEMO.connection));
    const request = { tenantId: tenant.id, connectionId, secret, ttlDays: tokenTtlDays };
    return (await rotateToken(tx, request)).token;
  });
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
