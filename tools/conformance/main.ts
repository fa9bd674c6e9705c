/** The command tools/conformance: flags in, checks against a server, a table out, exit code. */
import { writeFile } from "node:fs/promises";
import { GROUPS } from "./checks/index.ts";
import { HELP, type Options, parseFlags } from "./flags.ts";
import { exitCode, formatMarkdown, formatResult, formatSums, sumUp } from "./report.ts";
import { chosen, runSuite } from "./runner.ts";

const commandLine = parseFlags(process.argv.slice(2), process.env["SCIM_TOKEN"]);
switch (commandLine.kind) {
  case "help":
    process.stdout.write(HELP);
    break;
  case "fault":
    complain(commandLine.message);
    break;
  case "run":
    await run(commandLine.options);
    break;
}

async function run({ jsonFile, markdownFile, ...options }: Options): Promise<void> {
  if (chosen({ groups: GROUPS, ...options }).length === 0) {
    complain("--only matches no check");
    return;
  }
  const stopping = new AbortController();
  // What the check under way has made is still deleted; a second signal leaves at once.
  process.once("SIGINT", () => stopping.abort());
  try {
    const onResult = (result: Parameters<typeof formatResult>[0]): void =>
      void process.stdout.write(`${formatResult(result)}\n`);
    const done = await runSuite({ ...options, groups: GROUPS, onResult, signal: stopping.signal });
    if (jsonFile !== undefined) {
      await writeFile(jsonFile, `${JSON.stringify({ ...done, sums: sumUp(done.results) }, null, 2)}\n`);
    }
    if (markdownFile !== undefined) await writeFile(markdownFile, formatMarkdown(done));
    process.stdout.write(`${formatSums(done)}\n`);
    process.exitCode = exitCode(done.results);
  } catch (error) {
    const { message, cause } = error as Error;
    complain(`${options.url} cannot be reached: ${cause instanceof Error ? cause.message : message}`);
  }
}

function complain(message: string): void {
  process.stderr.write(`${message}\nFor all flags: npm run conformance -- --help\n`);
  process.exitCode = 2;
}
