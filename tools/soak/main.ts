/** The command bin/soak: flags in, a run, a report, exit code. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HELP, type Options, parseFlags } from "./flags.ts";
import { formatReport } from "./report.ts";
import { soak } from "./soak.ts";

const commandLine = parseFlags(process.argv.slice(2), Date.now() % 2 ** 31);
switch (commandLine.kind) {
  case "help":
    process.stdout.write(HELP);
    break;
  case "fault":
    process.stderr.write(`${commandLine.message}\nFor all flags: bin/soak --help\n`);
    process.exitCode = 2;
    break;
  case "run":
    await run(commandLine.options, commandLine.jsonFile);
    break;
}

async function run(options: Options, jsonFile: string | undefined): Promise<void> {
  process.stdout.write(`seed ${options.seed}\n`);
  const startedAt = performance.now();
  const onLine = (line: string): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    process.stdout.write(`${String(seconds).padStart(6)} s  ${line}\n`);
  };
  const report = await soak({ ...options, root: join(import.meta.dirname, "../.."), onLine });
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(report, withMaps, 2)}\n`);
  process.stdout.write(`\n${formatReport(report)}`);
  // Stores that this process started would otherwise keep it alive.
  process.exit(report.violations.length === 0 ? 0 : 1);
}

function withMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;
}
