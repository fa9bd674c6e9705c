/**
 * Is there an order of the operations on one object that explains every answer?
 *
 * The history is read in the order of time, and all that the object may be is kept: each configuration is a state
 * together with the operations under way that have taken effect in it. When a response comes, its operation must have
 * taken effect; configurations in which it cannot have are dropped. If none is left, no order explains the answer.
 * (Wing and Gong 1993; taking effect only when a response asks for it is Lowe's "just in time", 2017.)
 *
 * An answer that may be late is two points: the effect, and the look at the resource that the answer shows.
 */
import type { Input, Operation, Output } from "./history.ts";
import { fits, NOTHING, type State, step } from "./model.ts";

export type Verdict =
  | { readonly kind: "linearizable"; readonly states: readonly State[] }
  | {
      readonly kind: "violation";
      /** The operation whose answer no order explains. */
      readonly operation: Operation;
      /** What the object might have been before it. */
      readonly states: readonly State[];
    }
  /** Too many operations were under way at once to try all orders. */
  | { readonly kind: "undecided"; readonly operation: Operation };

interface Configuration {
  readonly state: State;
  /** Points of operations under way that have come about, as `index.phase`. */
  readonly done: ReadonlySet<string>;
}

interface Point {
  readonly name: string;
  readonly operation: Operation;
  readonly isLook: boolean;
  /** Whether its twin's write may have served it: not where the twin was refused. */
  readonly mayBeServed: boolean;
  /** What its client said before in the same words, with nothing else of its own about the resource since. */
  readonly saidBefore: Operation | undefined;
}

// The service keeps it in mind for a minute; a little more, since the two clocks begin at different moments.
const RETRIED_WITHIN_MS = 63_000;
// An api process is in doubt for two seconds whether an answer was read, where its connection brings no other request; it
// says several times a second of which writes it is not, and the others take time to hear it.
const UNSAID_MS = 3_000;
const CONFIGURATIONS_MAX = 20_000;

/** @param operations - all that was done to one object, in any order */
export function checkObject(operations: readonly Operation[]): Verdict {
  const open = new Map<string, Point>();
  const byIndex = new Map(operations.map((operation) => [operation.index, operation]));
  let configurations = distinct([{ state: NOTHING, done: new Set<string>() }]);
  for (const { operation, isReturn } of eventsOf(operations)) {
    const points = pointsOf(operation, byIndex);
    if (!isReturn) {
      for (const point of points) open.set(point.name, point);
      continue;
    }
    const before = configurations;
    const found = bringAbout(configurations, points, open);
    if (found === undefined) return { kind: "undecided", operation };
    for (const { name } of points) open.delete(name);
    configurations = distinct(found.map(({ state, done }) => ({ state, done: without(done, points) })));
    if (configurations.length === 0) return { kind: "violation", operation, states: statesOf(before) };
  }
  return { kind: "linearizable", states: statesOf(configurations) };
}

/** All configurations in which the points have come about, after whatever others had to come first. */
function bringAbout(
  from: readonly Configuration[],
  wanted: readonly Point[],
  open: ReadonlyMap<string, Point>,
): readonly Configuration[] | undefined {
  const reached: Configuration[] = [];
  const seen = new Set(from.map(keyOf));
  const agenda = [...from];
  for (let next = agenda.pop(); next !== undefined; next = agenda.pop()) {
    const { done } = next;
    if (wanted.every(({ name }) => done.has(name))) {
      reached.push(next);
      continue;
    }
    for (const point of open.values()) {
      for (const configuration of happen(next, point)) {
        const key = keyOf(configuration);
        if (seen.has(key)) continue;
        seen.add(key);
        agenda.push(configuration);
      }
    }
    if (seen.size > CONFIGURATIONS_MAX) return undefined;
  }
  return reached;
}

/** What the object may be once this point has come about; nothing, where it cannot. */
function happen(configuration: Configuration, point: Point): readonly Configuration[] {
  const { state, done } = configuration;
  const { name, operation, isLook } = point;
  if (done.has(name)) return [];
  const { input, output } = operation;
  const after = new Set(done).add(name);
  if (isLook) {
    const isShown = fits(output ?? { status: 0 }, state) || isTakenForRetry(state, point);
    return isShown && done.has(effectOf(operation.index)) ? [{ state, done: after }] : [];
  }
  const taken = takeEffect(state, input, operation);
  const forgotten = mayBeForgotten(operation) ? step(state, input, undefined) : undefined;
  const states = [taken, forgotten && forgotten.status < 300 ? forgotten.state : undefined];
  return [
    ...states.filter((next) => next !== undefined),
    ...(isServed(configuration, point) ? [state] : []),
  ].map((next) => ({
    state: next,
    done: after,
  }));
}

/**
 * An answer that crosses the client's hanging up is lost, and nobody can say so: its write happened, and the request
 * that is sent again may be refused.
 */
function mayBeForgotten({ attempts, output }: Operation): boolean {
  return output !== undefined && output.status >= 400 && attempts.includes("timeout");
}

/** The request needed no write of its own: its twin's, or its client's earlier one, served it. */
function isServed({ state, done }: Configuration, point: Point): boolean {
  const { twin } = point.operation;
  if (isTakenForRetry(state, point)) return true;
  return point.mayBeServed && twin !== undefined && (done.has(effectOf(twin)) || done.has(overOf(twin)));
}

/**
 * What a client repeats soon, at another process of the service, cannot be told from a retry whose answer was lost, nor
 * can what it repeats within a minute after its connection ended under an answer that it read all the same: it may be
 * answered as it was the first time. Later only where it would be refused.
 */
function isTakenForRetry(state: State, { operation, saidBefore }: Point): boolean {
  if (!saidBefore || !operation.output) return false;
  const { input, output } = operation;
  if (!isInDoubt(saidBefore, operation) && step(state, input, undefined).status < 400) return false;
  // What others made, or what is gone, is never the answer to a create.
  if (input.kind === "create") return state.resource?.id === output.id;
  return output.version === saidBefore.output?.version || fits(withoutGone(output, input), state);
}

function isInDoubt({ isEndedAfter, returnedAt = 0 }: Operation, { invokedAt }: Operation): boolean {
  return invokedAt - returnedAt < (isEndedAfter === true ? RETRIED_WITHIN_MS : UNSAID_MS);
}

function takeEffect(state: State, input: Input, operation: Operation): State | undefined {
  const { output, isLate } = operation;
  const { state: after, status } = step(state, input, output?.id);
  if (!output) return status < 300 ? after : undefined;
  // RFC 7644 section 3.5.2: a PATCH that was applied is answered 200 with the resource, or 204 without it.
  const isPatched = input.kind === "patch" && status < 300 && output.status === 204;
  if (status !== output.status && !isPatched) return undefined;
  const isShownNow = !isLate || input.kind === "read";
  return !isShownNow || status >= 300 || fits(withoutGone(output, input), after) ? after : undefined;
}

/** A deleted resource has no version to compare. */
function withoutGone(output: Output, input: Input): Output {
  return input.kind === "delete" ? { status: output.status } : output;
}

function pointsOf(operation: Operation, all: ReadonlyMap<number, Operation>): readonly Point[] {
  const { index, input, isLate, output } = operation;
  const isDone = output !== undefined && output.status < 300;
  const served = {
    mayBeServed: isDone && hasWillingTwin(operation, all),
    saidBefore: isDone ? saidBefore(operation, all) : undefined,
  };
  const effect = { name: effectOf(index), operation, isLook: false, ...served };
  if (!isDone || !isLate || input.kind === "delete" || input.kind === "read") return [effect];
  return [effect, { ...effect, name: `${index}.look`, isLook: true }];
}

/** A twin that was refused has written nothing. */
function hasWillingTwin({ twin }: Operation, all: ReadonlyMap<number, Operation>): boolean {
  return twin !== undefined && (all.get(twin)?.output?.status ?? 0) < 300;
}

/** The client's last write of the resource, if it was the same. */
function saidBefore(operation: Operation, all: ReadonlyMap<number, Operation>): Operation | undefined {
  const { index, client, input } = operation;
  if (input.kind === "read") return undefined;
  const resource = resourceOf(operation);
  const last = [...all.values()].findLast(
    (other) =>
      other.index < index && other.client === client && isWritten(other) && resourceOf(other) === resource,
  );
  return last && JSON.stringify(last.input) === JSON.stringify(input) ? last : undefined;
}

function resourceOf({ input, output }: Operation): string | undefined {
  return input.kind === "create" ? output?.id : input.id;
}

function isWritten({ input, output }: Operation): boolean {
  return input.kind !== "read" && output !== undefined && output.status < 300;
}

function effectOf(index: number): string {
  return `${index}.effect`;
}

/** Stands for the points of an operation that has returned, for as long as its twin may ask. */
function overOf(index: number): string {
  return `${index}.over`;
}

interface Event {
  readonly operation: Operation;
  readonly isReturn: boolean;
  readonly at: number;
}

/** Invocations and responses by time; at one moment invocations come first, which allows more orders, never fewer. */
function eventsOf(operations: readonly Operation[]): readonly Event[] {
  const events: Event[] = [];
  for (const operation of operations) {
    events.push({ operation, isReturn: false, at: operation.invokedAt });
    if (operation.returnedAt !== undefined) {
      events.push({ operation, isReturn: true, at: operation.returnedAt });
    }
  }
  return events.sort((a, b) => a.at - b.at || Number(a.isReturn) - Number(b.isReturn));
}

/** Forgets what has returned, but for its having happened, where a twin may still ask. */
function without(done: ReadonlySet<string>, points: readonly Point[]): ReadonlySet<string> {
  const rest = new Set(done);
  for (const { name } of points) rest.delete(name);
  const [{ operation } = { operation: undefined }] = points;
  if (operation?.twin === undefined) return rest;
  // The second of two to return takes the first one's mark away.
  if (!rest.delete(overOf(operation.twin))) rest.add(overOf(operation.index));
  return rest;
}

function distinct(configurations: readonly Configuration[]): readonly Configuration[] {
  return [...new Map(configurations.map((configuration) => [keyOf(configuration), configuration])).values()];
}

function keyOf({ state, done }: Configuration): string {
  return `${JSON.stringify(state)} ${[...done].sort().join(" ")}`;
}

function statesOf(configurations: readonly Configuration[]): readonly State[] {
  return [...new Map(configurations.map(({ state }) => [JSON.stringify(state), state])).values()];
}
