/** The soak's checker: it accepts what an honest service answers, and finds each kind of lie. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Input, Operation, Output } from "../../../tools/soak/history.ts";
import { checkObject } from "../../../tools/soak/linearizability.ts";
import { NOTHING, type State, step } from "../../../tools/soak/model.ts";

/** A choice of the generator: what is asked, and how long before and after its effect the client is at it. */
interface Choice {
  readonly kind: Input["kind"];
  readonly isConditional: boolean;
  readonly before: number;
  readonly after: number;
  readonly isLate: boolean;
  readonly isLost: boolean;
}

const choice = (span: number): fc.Arbitrary<Choice> =>
  fc.record({
    kind: fc.constantFrom<Input["kind"]>("create", "replace", "patch", "patch", "delete", "read"),
    isConditional: fc.boolean(),
    before: fc.nat(span),
    after: fc.nat(span),
    isLate: fc.boolean(),
    isLost: fc.constant(false),
  });

// Effects are ten apart: with a span of less than five operations follow each other, with more they meet.
const APART = 10;
const sequential = fc.array(choice(4), { minLength: 3, maxLength: 25 });
const concurrent = fc.array(choice(35), { minLength: 3, maxLength: 25 });

type Lie = (honest: State, before: State) => State;

/** What a service does and answers, its effects in order; at `lieAt` it does something else than it says. */
function serve(choices: readonly Choice[], lie?: { readonly at: number; readonly tell: Lie }): Operation[] {
  let state = NOTHING;
  const operations = choices.map((chosen, index): Operation => {
    const before = state;
    const input = inputOf(chosen, before, index);
    const { state: honest, status } = step(before, input, `id-${index}`);
    state = lie?.at === index ? lie.tell(honest, before) : honest;
    const at = (index + 1) * APART;
    const times = { invokedAt: at - chosen.before, ...(!chosen.isLost && { returnedAt: at + chosen.after }) };
    const answered = chosen.isLost ? {} : { output: outputOf(status, input, honest) };
    const base = { index, client: "c", object: "o", attempts: [], isLate: chosen.isLate };
    return { ...base, input, ...times, ...answered };
  });
  return [...operations, finalRead(state, choices.length)];
}

/** Somebody looks between the operation at this place and the next, after the one has returned. */
function lookAfter(place: number, { resource }: State, id: string): Operation {
  const input: Input = { kind: "read", id };
  const shown = outputOf(resource ? 200 : 404, input, { resource, counts: NOTHING.counts });
  const at = (place + 1) * APART + 4.5;
  const base = { index: 1_000, client: "reader", object: "o", attempts: [], isLate: true };
  return { ...base, input, invokedAt: at, returnedAt: at + 0.5, output: shown };
}

function inputOf({ kind, isConditional }: Choice, { resource }: State, index: number): Input {
  const id = resource?.id ?? "id-0";
  const ifMatch = isConditional && resource ? { ifMatch: resource.version } : {};
  // No two writes say the same: the state after each can be told from all others.
  const fields = { title: `title ${index}` };
  switch (kind) {
    case "create":
      return { kind, content: { fields } };
    case "replace":
      return { kind, id, content: { fields }, ...ifMatch };
    case "patch":
      return { kind, id, change: { fields }, ...ifMatch };
    case "delete":
      return { kind, id, ...ifMatch };
    case "read":
      return { kind, id };
  }
}

function outputOf(status: number, input: Input, { resource }: State): Output {
  if (status >= 300 || !resource || input.kind === "delete") return { status };
  const { id, version, fields } = resource;
  return { status, id, version, content: { fields } };
}

function finalRead(state: State, index: number): Operation {
  const input: Input = { kind: "read", id: state.resource?.id ?? "gone" };
  const at = (index + 10) * APART;
  const output = outputOf(step(state, input, undefined).status, input, state);
  const base = { index, client: "audit", object: "o", attempts: [], isLate: false };
  return { ...base, input, invokedAt: at, returnedAt: at + 1, output };
}

/** Operations that changed the resource and left it there: what can be lost, or be done twice, and then be seen. */
function effective(choices: readonly Choice[]): number[] {
  return serve(choices)
    .slice(0, -1)
    .filter(({ input, output }) => input.kind !== "read" && input.kind !== "delete" && output!.status < 300)
    .map(({ index }) => index);
}

function findsEach(tell: Lie): void {
  let told = 0;
  fc.assert(
    fc.property(sequential, fc.nat(), (choices, pick) => {
      const places = effective(choices);
      fc.pre(places.length > 0);
      told += 1;
      const at = places[pick % places.length]!;
      const before = stateBefore(choices, at);
      const look = lookAfter(at, tell(stateBefore(choices, at + 1), before), idAt(choices, at));
      expect(checkObject([...serve(choices, { at, tell }), look]).kind).toBe("violation");
    }),
  );
  expect(told).toBeGreaterThan(50);
}

test("an honest service is believed, whatever meets whatever", () => {
  fc.assert(
    fc.property(concurrent, (choices) => {
      expect(checkObject(serve(choices)).kind).toBe("linearizable");
    }),
  );
});

test("writes that were never answered took effect or did not: both is believed", () => {
  const withLost = fc.array(
    fc.record({ ...{ chosen: choice(20) }, isLost: fc.boolean(), happened: fc.boolean() }),
    { minLength: 3, maxLength: 12 },
  );
  fc.assert(
    fc.property(withLost, (drawn) => {
      const choices = drawn.map(({ chosen, isLost }) => ({ ...chosen, isLost }));
      expect(checkObject(serve(choices)).kind).toBe("linearizable");
      const at = drawn.findIndex(({ isLost, happened }) => isLost && !happened);
      if (at < 0) return;
      expect(checkObject(serve(choices, { at, tell: (_honest, before) => before })).kind).toBe(
        "linearizable",
      );
    }),
  );
});

test("an acknowledged write that is lost is found", () => {
  findsEach((_honest, before) => before);
});

test("a write that is done twice is found by the version that nobody was told", () => {
  findsEach(({ resource, counts }) => ({
    counts,
    resource: resource && { ...resource, version: resource.version + 1 },
  }));
});

test("a value that nobody wrote is found", () => {
  findsEach(({ resource, counts }) => ({
    counts,
    resource: resource && { ...resource, fields: { title: "nobody's" } },
  }));
});

test("a stale read is found", () => {
  fc.assert(
    fc.property(sequential, fc.nat(), (choices, pick) => {
      const places = effective(choices);
      fc.pre(places.length > 0);
      const at = places[pick % places.length]!;
      const stale = lookAfter(at, stateBefore(choices, at), idAt(choices, at));
      expect(checkObject([...serve(choices), stale]).kind).toBe("violation");
    }),
  );
});

test("a refused write that was applied all the same is found", () => {
  const refused = fc
    .tuple(sequential, fc.nat())
    .map(([choices]) => [...choices.filter(({ kind }) => kind !== "delete"), conditional()]);
  fc.assert(
    fc.property(refused, (choices) => {
      fc.pre(effective(choices).length > 0 && stateBefore(choices, choices.length - 1).resource !== null);
      const at = choices.length - 1;
      const operations = serve(choices);
      const wrongly = operations.map((operation) =>
        operation.index === at ? { ...operation, output: { status: 412 } } : operation,
      );
      expect(checkObject(wrongly).kind).toBe("violation");
    }),
  );
});

test("two identical requests at once may be one write, and may not be two that answer as one", () => {
  const create: Input = { kind: "create", content: { fields: { title: "a" } } };
  const shown = { status: 201, id: "x", version: 1, content: { fields: { title: "a" } } };
  const base = { object: "o", attempts: [], isLate: true, input: create };
  const strangers: Operation[] = [
    { ...base, client: "c", index: 0, invokedAt: 0, returnedAt: 10, output: shown },
    { ...base, client: "d", index: 1, invokedAt: 1, returnedAt: 12, output: shown },
  ];
  const [one, other] = strangers.map((operation, index) => ({ ...operation, twin: 1 - index }));

  expect(checkObject([one!, other!]).kind).toBe("linearizable");
  expect(checkObject([one!, { ...other!, output: { status: 409 } }]).kind).toBe("linearizable");
  expect(checkObject([one!, { ...other!, output: { ...shown, id: "y" } }]).kind).toBe("violation");
  expect(checkObject(strangers).kind).toBe("violation");
});

test("a create said again may be answered by what it made, and not by what another client made", () => {
  const create: Input = { kind: "create", content: { fields: { title: "a" } } };
  const shown = { status: 201, id: "x", version: 1, content: { fields: { title: "a" } } };
  const base = { object: "o", attempts: [], isLate: true, input: create, output: shown };
  const first: Operation = { ...base, index: 0, client: "c", invokedAt: 0, returnedAt: 1 };
  const again = (client: string): Operation => ({ ...base, index: 1, client, invokedAt: 2, returnedAt: 3 });

  expect(checkObject([first, again("c")]).kind).toBe("linearizable");
  expect(checkObject([first, again("other")]).kind).toBe("violation");
});

test("a write said again is answered as before where it would be refused, and is never passed over elsewhere", () => {
  const content = (title: string) => ({ fields: { title } });
  const at = (index: number) => ({ index, invokedAt: 10 * index, returnedAt: 10 * index + 1 });
  const base = { object: "o", attempts: [], isLate: false };
  const made = { status: 201, id: "x", version: 1, content: content("a") };
  const created = {
    ...base,
    ...at(0),
    client: "c",
    input: { kind: "create", content: content("a") } as const,
  };
  type Written = [index: number, client: string, title: string, version: number, ifMatch?: number];
  const write = (...[index, client, title, version, ifMatch]: Written): Operation => {
    const condition = ifMatch === undefined ? {} : { ifMatch };
    const input = { kind: "patch", id: "x", change: content(title), ...condition } as const;
    const output = { status: 200, id: "x", version, content: content(title) };
    return { ...base, ...at(index), client, input, output };
  };
  const first = { ...created, output: made };
  const shownNow = { ...created, ...at(2), output: { ...made, version: 2, content: content("b") } };
  expect(checkObject([first, write(1, "d", "b", 2), shownNow]).kind).toBe("linearizable");

  const refusable = [first, write(1, "c", "b", 2, 1), write(2, "d", "e", 3), write(300, "c", "b", 2, 1)];
  expect(checkObject(refusable).kind).toBe("linearizable");
  const meantAnew = [...refusable.slice(0, 3), write(3, "c", "f", 4), write(4, "c", "b", 2, 1)];
  expect(checkObject(meantAnew).kind).toBe("violation");
  const underEnd = (returnedAt: number): Operation => ({
    ...write(1, "c", "b", 2),
    isEndedAfter: true,
    returnedAt,
  });
  const takenUp = [first, underEnd(11), write(2, "d", "e", 3), write(7_000, "c", "b", 2)];
  expect(checkObject(takenUp.slice(0, 3).concat(write(300, "c", "b", 2))).kind).toBe("linearizable");
  expect(checkObject(takenUp).kind).toBe("violation");
  const passedOver = [first, write(1, "c", "b", 2), write(2, "d", "e", 3), write(400, "c", "b", 2)];
  expect(checkObject(passedOver).kind).toBe("violation");
});

/** The resource that the write at this place is about. */
function idAt(choices: readonly Choice[], at: number): string {
  return stateBefore(choices, at + 1).resource?.id ?? "none";
}

function conditional(): Choice {
  return { kind: "patch", isConditional: true, before: 1, after: 1, isLate: false, isLost: false };
}

function stateBefore(choices: readonly Choice[], at: number): State {
  return choices
    .slice(0, at)
    .reduce(
      (state, chosen, index) => step(state, inputOf(chosen, state, index), `id-${index}`).state,
      NOTHING,
    );
}
