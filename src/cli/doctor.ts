/** `doctor`: examines an installation part by part, says what is wrong and how to mend it. */
import { parseArgs } from "node:util";
import type { Command, Context } from "./command.ts";
import {
  examineApi,
  examineFence,
  examineMigrations,
  examineNode,
  examinePostgres,
  examineQueue,
  examineSecret,
  type Finding,
} from "./examine.ts";
import { examineReplica } from "./examine-replica.ts";
import { type Installation, openCommandDatabase, withInstallation } from "./installation.ts";

export const doctor: Command = {
  usage: "doctor [--json]",
  summary: "examines an installation; says what is wrong and how to mend it",
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { json: { type: "boolean" } } });
    return withInstallation(context.env, async (installation) => {
      const findings = await examine(installation);
      if (values.json) context.print(JSON.stringify(asJson(findings, installation, context), undefined, 2));
      else printFindings(findings, installation, context);
      return findings.some(({ problem }) => problem !== undefined) ? 1 : 0;
    });
  },
};

async function examine(installation: Installation): Promise<readonly Finding[]> {
  const db = openCommandDatabase(installation.config);
  try {
    const findings = [examineNode(process.versions.node), ...(await examinePostgres(db))];
    // Without Postgres nothing can be said of what it holds.
    if (isWell(findings, "postgres"))
      findings.push(
        ...(await examineReplica(installation, db)),
        ...(await examineContents(installation, db)),
      );
    if (isWell(findings, "postgres") || installation.config.REDIS_URL !== undefined)
      findings.push(...(await examineQueue(installation)));
    findings.push(await examineApi(installation.apiUrl));
    return findings;
  } finally {
    await db.close();
  }
}

async function examineContents(
  installation: Installation,
  db: ReturnType<typeof openCommandDatabase>,
): Promise<readonly Finding[]> {
  const migrations = await examineMigrations(installation);
  return migrations.problem === undefined
    ? [migrations, await examineFence(installation, db), await examineSecret(installation, db)]
    : [migrations];
}

function isWell(findings: readonly Finding[], part: Finding["part"]): boolean {
  return findings.every((finding) => finding.part !== part || finding.problem === undefined);
}

function asJson(findings: readonly Finding[], { config }: Installation, { version }: Context): object {
  const versionOf = (part: Finding["part"]) => findings.find((finding) => finding.part === part)?.version;
  const redis = config.REDIS_URL === undefined ? undefined : versionOf("queue");
  return {
    databaseUrl: withoutPassword(config.DATABASE_URL),
    queue: config.REDIS_URL === undefined ? "postgres" : "redis",
    versions: {
      rollcall: version,
      node: process.versions.node,
      postgres: versionOf("postgres") ?? null,
      ...(config.REDIS_URL !== undefined && { redis: redis ?? null }),
    },
    problems: findings
      .filter(({ problem }) => problem !== undefined)
      .map(({ part, problem, fix }) => ({ part, problem, fix })),
  };
}

function printFindings(findings: readonly Finding[], { config }: Installation, context: Context): void {
  context.print(`Rollcall ${context.version} on ${withoutPassword(config.DATABASE_URL)}`);
  for (const { part, found, problem, fix } of findings) {
    const name = part.padEnd(10);
    context.print(
      problem === undefined ? `ok       ${name}  ${found ?? ""}` : `problem  ${name}  ${problem}`,
    );
    if (fix !== undefined) context.print(`         ${"".padEnd(10)}  to mend it: ${fix}`);
  }
}

/** A password may also come as a parameter of a Postgres URL. */
function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.password !== "") url.password = "***";
  if (url.searchParams.has("password")) url.searchParams.set("password", "***");
  return url.href;
}
