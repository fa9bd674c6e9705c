/** Laws of `attributes` and `excludedAttributes`, for any user and any names. RFC 7644 section 3.9, RFC 7643 section 7. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CORE_MODELS, parseProjection, render, type Stored } from "../../../src/scim/index.ts";
import { users } from "../../support/filters.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ALWAYS = ["schemas", "id"];
const NAMES = [
  ...["userName", "externalId", "title", "active", "name", "emails", "meta", "groups", "id", "schemas"],
  ...["USERNAME", "password", "nobody", ENTERPRISE, `${ENTERPRISE}:department`, "department"],
];
const SUBS = ["name.givenName", "emails.value", "emails.type", "meta.created", `${ENTERPRISE}:manager.value`];

const stored: fc.Arbitrary<Stored> = users.map((resource) => ({
  ...{ type: "User", id: "u-1", version: 1, resource: { ...resource, password: "never" } },
  ...{ created: "2026-11-24T09:30:00.000Z", lastModified: "2026-11-24T09:30:00.000Z" },
  groups: [{ value: "g-1", type: "direct" }],
}));
const lists = (names: readonly string[]) => fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });

function show(user: Stored, attributes?: readonly string[], excluded?: readonly string[]) {
  const projection = parseProjection(attributes?.join(","), excluded?.join(","));
  return render(user, { models: CORE_MODELS, baseUrl: "https://x.org/scim/v2", projection });
}

/** Every leaf by its place, such as `emails.0.value`: what two answers share and what they do not. */
function leaves(value: unknown, place = ""): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map([[place, value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, `${place}/${key}`)]));
}

const isAlways = (place: string): boolean => ALWAYS.some((name) => place.split("/")[1] === name);

test("what is asked for and what is left when it is left out are the whole, and share only what is always shown", () => {
  fc.assert(
    fc.property(stored, lists(NAMES), (user, names) => {
      const whole = leaves(show(user));
      const asked = leaves(show(user, names));
      const left = leaves(show(user, undefined, names));

      const joined = [...asked, ...left].sort(([one], [other]) => (one < other ? -1 : 1));
      expect(new Map(joined)).toEqual(whole);
      for (const place of asked.keys()) if (left.has(place)) expect(isAlways(place), place).toBe(true);
    }),
  );
});

test("an answer shows what is always shown, never what is never, and nothing that was not asked for", () => {
  fc.assert(
    fc.property(stored, lists([...NAMES, ...SUBS]), (user, names) => {
      const asked = show(user, names);

      for (const answer of [asked, show(user, undefined, names), show(user)]) {
        for (const name of ALWAYS) expect(answer).toHaveProperty(name);
        expect(JSON.stringify(answer)).not.toContain("never");
      }
      const roots = new Set(names.map((name) => rootOf(name)));
      for (const name of Object.keys(asked)) {
        expect(roots.has(name.toLowerCase()) || ALWAYS.includes(name), name).toBe(true);
      }
    }),
  );
});

test("asking for more shows no less, and leaving out more shows no more", () => {
  fc.assert(
    fc.property(stored, lists([...NAMES, ...SUBS]), lists([...NAMES, ...SUBS]), (user, few, others) => {
      const more = [...few, ...others];
      const namesOf = (answer: object): string[] => Object.keys(answer);

      expect(namesOf(show(user, more))).toEqual(expect.arrayContaining(namesOf(show(user, few))));
      const kept = namesOf(show(user, undefined, few));
      expect(kept).toEqual(expect.arrayContaining(namesOf(show(user, undefined, more))));
    }),
  );
});

test("projecting what was projected changes nothing: letter case, order and repetition of names do not count", () => {
  fc.assert(
    fc.property(stored, lists([...NAMES, ...SUBS]), (user, names) => {
      const other = [...names, ...names].reverse().map((name) => name.toUpperCase());
      expect(show(user, other)).toEqual(show(user, names));
      expect(show(user, undefined, other)).toEqual(show(user, undefined, names));
    }),
  );
});

function rootOf(name: string): string {
  if (name === "department") return ENTERPRISE.toLowerCase();
  if (name.startsWith(ENTERPRISE)) return ENTERPRISE.toLowerCase();
  return (name.split(".")[0] ?? "").toLowerCase();
}
