/** Ends every run with one line that a script can read, whatever else was printed before it. */
import type { Reporter, SerializedError, TestModule } from "vitest/node";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

// A run that breaks off before its first test, as when a store does not start, is a failure too.
const NOTHING_RAN: Counts = { passed: 0, failed: 1, skipped: 0 };

// eslint-disable-next-line no-restricted-syntax -- vitest loads a reporter from a file by its default export
export default class PlainReporter implements Reporter {
  #isReported = false;

  onInit(): void {
    process.once("exit", () => {
      if (!this.#isReported) print(NOTHING_RAN);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#isReported = true;
    const counts: Counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) count(module, counts);
    print(modules.length === 0 ? NOTHING_RAN : counts);
  }
}

function count(module: TestModule, counts: Counts): void {
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    // Pending at the end of a run: it never ran.
    counts[state === "pending" ? "skipped" : state] += 1;
  }
  // A file that did not load, or a hook around its tests that threw, has errors which no test carries.
  if (module.errors().length > 0) counts.failed += 1;
  for (const suite of module.children.allSuites()) {
    if (suite.errors().length > 0) counts.failed += 1;
  }
}

function print({ passed, failed, skipped }: Counts): void {
  process.stdout.write(`\nTests: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}
