#!/usr/bin/env node
/** The package's command: `rollcall start` runs the service, every other word is one of the command line's. */
if (process.argv[2] === "start") {
  process.argv.splice(2, 1);
  await import("./main.ts");
} else await import("./cli/main.ts");

export {};
