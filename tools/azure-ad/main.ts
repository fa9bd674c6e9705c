/** The command tools/azure-ad: flags in, simulation, report out, exit code. */
import { writeFile } from "node:fs/promises";
import { HELP, parseFlags } from "./flags.ts";
import { formatReport } from "./report.ts";
import { runSimulation } from "./simulation.ts";

const commandLine = parseFlags(process.argv.slice(2), process.env["ROLLCALL_TOKEN"]);
switch (commandLine.kind) {
  case "help":
    process.stdout.write(HELP);
    break;
  case "fault":
    process.stderr.write(`${commandLine.message}\nFor all flags: tools/azure-ad/run --help\n`);
    process.exitCode = 2;
    break;
  case "run": {
    const stopping = new AbortController();
    const onSignal = (): void => {
      if (stopping.signal.aborted) process.exit(1);
      process.stderr.write("\nstopping: what is under way ends, then comes the verification\n");
      stopping.abort();
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
    const report = await runSimulation({
      ...commandLine.options,
      output: process.stdout,
      signal: stopping.signal,
    });
    if (commandLine.reportFile !== undefined) {
      await writeFile(commandLine.reportFile, `${JSON.stringify(report, null, 2)}\n`);
    }
    process.stdout.write(`${formatReport(report)}\n`);
    process.exitCode = report.clean ? 0 : 1;
    break;
  }
}
