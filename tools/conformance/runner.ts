/** Runs checks one after another, each with a client of its own, and turns how they end into results. */
import { type Check, type CheckGroup, Failure, type Feature, type Level, Skip } from "./check.ts";
import { createSession, type Session } from "./client.ts";
import { readFeatures } from "./features.ts";
import { type Answer, createTransport, type TransportOptions } from "./http.ts";

export type Outcome = "pass" | "fail" | "warn" | "skip";

export interface Result {
  readonly group: string;
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly level: Level;
  readonly outcome: Outcome;
  /** Why it did not pass, in one line. */
  readonly reason?: string;
  /** The exchange that shows it, in one line each. */
  readonly request?: string;
  readonly answer?: string;
  readonly milliseconds: number;
}

export interface RunOptions extends TransportOptions {
  readonly groups: readonly CheckGroup[];
  /** Checks whose `group/id` it does not match are left out. */
  readonly only?: RegExp;
  /** Told of each result as it comes. */
  readonly onResult?: (result: Result) => void;
  /** Ends the run after the check under way. */
  readonly signal?: AbortSignal;
}

export interface Run {
  readonly url: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly features: readonly Feature[];
  readonly results: readonly Result[];
}

/** @throws {Error} when the server cannot be reached at all */
export async function runSuite(options: RunOptions): Promise<Run> {
  const started = Date.now();
  const transport = createTransport(options);
  const features = await readFeatures(transport);
  const results: Result[] = [];
  for (const { group, check } of chosen(options)) {
    if (options.signal?.aborted === true) break;
    const lacking = [...(group.needs ?? []), ...(check.needs ?? [])].filter((need) => !features.has(need));
    const session = createSession({ url: options.url, transport, features });
    const result =
      lacking.length > 0
        ? { ...factsOf(group, check), ...skipped(lacking), milliseconds: 0 }
        : await runCheck(group, check, session);
    results.push(result);
    options.onResult?.(result);
  }
  return {
    url: options.url,
    startedAt: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    features: [...features],
    results,
  };
}

interface Chosen {
  readonly group: CheckGroup;
  readonly check: Check;
}

/** The checks that `only` leaves, in their order. */
export function chosen({ groups, only }: Pick<RunOptions, "groups" | "only">): Chosen[] {
  return groups
    .flatMap((group) => group.checks.map((check) => ({ group, check })))
    .filter(({ group, check }) => only === undefined || only.test(`${group.name}/${check.id}`));
}

async function runCheck(group: CheckGroup, check: Check, session: Session): Promise<Result> {
  const started = performance.now();
  let ending: Pick<Result, "outcome" | "reason" | "request" | "answer">;
  try {
    await check.run(session.client);
    ending = { outcome: "pass" };
  } catch (error) {
    ending = endingOf(error, check.level, session.last());
  } finally {
    await session.cleanUp();
  }
  const milliseconds = Math.round(performance.now() - started);
  return { ...factsOf(group, check), ...ending, milliseconds };
}

function factsOf(group: CheckGroup, { id, title, source, level }: Check) {
  return { group: group.name, id, title, source, level };
}

function skipped(lacking: readonly Feature[]): Pick<Result, "outcome" | "reason"> {
  return { outcome: "skip", reason: `the server says it has no ${[...new Set(lacking)].join(", ")}` };
}

function endingOf(
  error: unknown,
  level: Level,
  last: Answer | undefined,
): Pick<Result, "outcome" | "reason" | "request" | "answer"> {
  const reason = messageOf(error);
  if (error instanceof Skip) return { outcome: "skip", reason };
  const shown = error instanceof Failure ? (error.answer ?? last) : undefined;
  return {
    outcome: level === "SHOULD" ? "warn" : "fail",
    reason: error instanceof Failure ? reason : `no answer: ${reason}`,
    ...(shown && { request: requestLine(shown), answer: answerLine(shown) }),
  };
}

/** fetch says why it failed in the cause alone. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}, ${error.cause.message}` : error.message;
}

const SHOWN_CHARACTERS = 600;

function requestLine({ request }: Answer): string {
  return shortened(`${request.method} ${request.path} ${request.body ?? ""}`);
}

function answerLine({ status, text }: Answer): string {
  return shortened(`${status} ${text}`);
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
