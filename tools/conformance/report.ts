/** The results for people: a line per check, and sums per group. */
import type { Outcome, Result, Run } from "./runner.ts";

export interface Sum {
  readonly group: string;
  readonly pass: number;
  readonly fail: number;
  readonly warn: number;
  readonly skip: number;
}

/** One line per check; what did not pass is told below it. */
export function formatResult(result: Result): string {
  const { group, id, level, outcome, reason, request, answer } = result;
  const line = `${outcome.padEnd(5)} ${level.padEnd(7)} ${group.padEnd(13)} ${id}`;
  return [
    reason === undefined ? line : `${line}: ${reason}`,
    ...(request === undefined ? [] : [`        request: ${request}`]),
    ...(answer === undefined ? [] : [`        answer:  ${answer}`]),
  ].join("\n");
}

/** Sums in the order of the groups, and one for all. */
export function sumUp(results: readonly Result[]): { readonly groups: readonly Sum[]; readonly all: Sum } {
  const names = [...new Set(results.map(({ group }) => group))];
  return {
    groups: names.map((group) =>
      sum(
        group,
        results.filter((result) => result.group === group),
      ),
    ),
    all: sum("all", results),
  };
}

function sum(group: string, results: readonly Result[]): Sum {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  return { group, pass: count("pass"), fail: count("fail"), warn: count("warn"), skip: count("skip") };
}

/** The sums as a table, then the verdict in one line that a script can look for. */
export function formatSums({ results, seconds }: Run): string {
  const { groups, all } = sumUp(results);
  const row = ({ group, pass, fail, warn, skip }: Sum): string =>
    group.padEnd(15) + [pass, fail, warn, skip].map((count) => String(count).padStart(6)).join("");
  const head = "group".padEnd(15) + ["pass", "fail", "warn", "skip"].map((name) => name.padStart(6)).join("");
  const verdict = `conformance: ${all.pass} passed, ${all.fail} failed, ${all.warn} warned, ${all.skip} skipped`;
  return ["", head, ...groups.map(row), row(all), "", `${verdict} in ${seconds.toFixed(1)} s`].join("\n");
}

/** The sums as a Markdown table, and what failed or warned as a list, for a page of documentation. */
export function formatMarkdown({ url, startedAt, results }: Run): string {
  const { groups, all } = sumUp(results);
  const row = ({ group, pass, fail, warn, skip }: Sum): string =>
    `| ${group} | ${[pass, fail, warn, skip].join(" | ")} |`;
  const lines = results
    .filter(({ outcome }) => outcome === "fail" || outcome === "warn")
    .map(({ outcome, level, id, title }) => `- ${outcome}, ${level}: \`${id}\`, ${title}`);
  return [
    `Run on ${startedAt.slice(0, 10)} against ${url}.`,
    "",
    "| group | passed | failed | warned | skipped |",
    "| --- | --: | --: | --: | --: |",
    ...[...groups, all].map(row),
    "",
    ...(lines.length === 0 ? ["Nothing failed and nothing warned."] : lines),
    "",
  ].join("\n");
}

export function exitCode(results: readonly Result[]): 0 | 1 {
  return results.some(({ outcome }) => outcome === "fail") ? 1 : 0;
}
