/** Checks that differ in data alone: a PATCH and what comes of it, a filter and whom it finds. */
import type { Check, CheckFacts } from "../check.ts";
import type { Attributes, ScimClient } from "../client.ts";
import { expectIds, expectRefusal, expectStatus, expectThat, expectValues } from "../expect.ts";
import type { Answer } from "../http.ts";
import { fillIn, matches } from "../values.ts";

export interface PatchCase extends CheckFacts {
  /** The user before. `{tag}` in strings stands for the check's tag, here and below. */
  readonly given?: Attributes;
  readonly operations: readonly unknown[];
  /** What the user then holds, by path; undefined is unassigned. */
  readonly gives?: Readonly<Record<string, unknown>>;
  /** Looked at besides. */
  readonly then?: (after: Answer) => void;
}

/** The PATCH succeeds, and a GET tells what came of it. */
export function patchCheck({ given, operations, gives = {}, then, ...facts }: PatchCase): Check {
  return {
    ...facts,
    async run(client) {
      const user = await client.user(given);
      const filled = fillIn(operations, client.tag) as readonly unknown[];
      expectStatus(await client.patch(user.path, ...filled), 200, 204);
      const after = await client.get(user.path);
      expectStatus(after, 200);
      expectValues(after, fillIn(gives, client.tag) as Attributes);
      then?.(after);
    },
  };
}

export interface RefusedPatchCase extends CheckFacts {
  readonly given?: Attributes;
  readonly operations: readonly unknown[];
  readonly status?: number;
  readonly scimType?: string;
}

/** The PATCH is refused and changes nothing. */
export function refusedPatchCheck(refused: RefusedPatchCase): Check {
  const { given, operations, status = 400, scimType, ...facts } = refused;
  return {
    ...facts,
    async run(client) {
      const user = await client.user(given);
      const before = await client.get(user.path);
      const filled = fillIn(operations, client.tag) as readonly unknown[];
      expectRefusal(await client.patch(user.path, ...filled), status, scimType);
      const after = await client.get(user.path);
      expectThat(matches(after.body, before.body), "the refused request changed the user", after);
    },
  };
}

/** Users whom filters look for, by the names that the checks use for them. */
const PEOPLE = {
  ada: {
    userName: "{tag}.Ada@conformance.example",
    externalId: "{tag}-Ext-A",
    displayName: "{tag} Ada",
    title: 'Head of "Engines"',
    name: { givenName: "Ada", familyName: "{tag}lace" },
    active: true,
    emails: [
      { value: "{tag}.ada@work.example", type: "work", primary: true },
      { value: "{tag}.ada@home.example", type: "home" },
    ],
  },
  bob: {
    userName: "{tag}.bob@conformance.example",
    externalId: "{tag}-ext-b",
    displayName: "{tag} Bob",
    name: { givenName: "Bob", familyName: "{tag}lace" },
    active: false,
    emails: [{ value: "{tag}.bob@home.example", type: "work" }],
  },
  cy: { userName: "{tag}.cy@conformance.example", displayName: "{tag} Cy", active: true },
} satisfies Readonly<Record<string, Attributes>>;

export type Person = keyof typeof PEOPLE;

export interface FilterCase extends CheckFacts {
  /** `{tag}` stands for the tag, `{ada}` and the like for ids. */
  readonly filter: string;
  readonly finds: readonly Person[];
}

/** The filter finds exactly these, so filters that fit others too name the tag. */
export function filterCheck({ filter, finds, ...facts }: FilterCase): Check {
  return {
    ...facts,
    async run(client) {
      const ids = await makePeople(client);
      const answer = await client.get("/Users", { filter: filled(filter, client.tag, ids) });
      expectIds(
        answer,
        finds.map((person) => ids[person]),
      );
    },
  };
}

export async function makePeople(client: ScimClient): Promise<Readonly<Record<Person, string>>> {
  const made = {
    ada: await client.user(PEOPLE.ada),
    bob: await client.user(PEOPLE.bob),
    cy: await client.user(PEOPLE.cy),
  };
  return { ada: made.ada.id, bob: made.bob.id, cy: made.cy.id };
}

function filled(filter: string, tag: string, ids: Readonly<Record<Person, string>>): string {
  return filter.replace(/\{(tag|ada|bob|cy)\}/g, (_, name: "tag" | Person) =>
    name === "tag" ? tag : ids[name],
  );
}

export type RefusedFilterCase = CheckFacts & Pick<FilterCase, "filter">;

export function refusedFilterCheck({ filter, ...facts }: RefusedFilterCase): Check {
  return {
    ...facts,
    async run(client) {
      expectRefusal(await client.get("/Users", { filter }), 400, "invalidFilter");
    },
  };
}
