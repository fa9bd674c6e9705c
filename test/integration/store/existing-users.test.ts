/** Whom of a directory people from before are: Postgres's matching agrees with the plain reading of its rules. */
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fold, readBody, searchDocument, CORE_READING } from "../../../src/scim/index.ts";
import {
  type ExistingUser,
  listExistingUsers,
  type MatchedUser,
  matchExistingUsers,
  storeExistingUsers,
  summarizeExistingUsers,
} from "../../../src/store/existing-users.ts";
import { findOffers, offerFor } from "../../../src/store/adoption.ts";
import { listDifferences } from "../../../src/store/reconciliation-reports.ts";
import { FINDINGS } from "../../../src/store/reconciliations.ts";
import { reconcile } from "../../../src/store/reconcile.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

interface DirectoryUser {
  readonly id: string;
  readonly userName: string;
  readonly externalId: string | undefined;
  readonly emails: readonly string[];
  readonly active: boolean;
}

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

// Few words in several forms, so that people meet each other.
const word = fc.constantFrom("ada", "Ada", "ADA ", "bob", "Bob", "zoë", "ZOË", " cy");
const maybe = fc.option(fc.oneof(word, fc.constantFrom("", "  ")), { nil: undefined });
const people: fc.Arbitrary<Omit<ExistingUser, "id">[]> = fc.array(
  fc.record({ userName: maybe, email: maybe, externalId: maybe }),
  { maxLength: 6 },
);
const directory: fc.Arbitrary<Omit<DirectoryUser, "id">[]> = fc.uniqueArray(
  fc.record({
    userName: fc.constantFrom("ada", "Bob", "zoË", "dan"),
    externalId: fc.option(fc.constantFrom("ada", "Ada", "bob", "cy"), { nil: undefined }),
    emails: fc.uniqueArray(fc.constantFrom("ADA", "bob", "zoë", "cy"), { maxLength: 2 }),
    active: fc.boolean(),
  }),
  { maxLength: 4, selector: ({ userName }) => fold(userName) },
);

async function newTenant(users: readonly DirectoryUser[]): Promise<string> {
  const tenantId = uuidv7();
  await store.database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [
    tenantId,
    `t-${tenantId}`,
  ]);
  for (const { id, userName, externalId, emails, active } of users) {
    const values = emails.map((value, index) => ({ value, type: ["work", "home"][index] }));
    const body = {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      ...{ userName, active, ...(externalId !== undefined && { externalId }), emails: values },
    };
    const { resource } = readBody("User", body, CORE_READING);
    await store.database.query(
      `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 1, now(), now())`,
      [
        tenantId,
        id,
        fold(userName),
        externalId ?? null,
        active,
        resource,
        searchDocument(CORE_READING.models.User, resource),
      ],
    );
  }
  return tenantId;
}

/** The rules, read one person at a time. */
function expected(
  users: readonly DirectoryUser[],
  existing: readonly ExistingUser[],
): readonly Pick<MatchedUser, "id" | "state" | "matchedBy" | "userId">[] {
  const clean = existing.map(({ id, ...fields }) => {
    const text = (value: string | undefined): string | undefined => value?.trim() || undefined;
    const [name, email] = [text(fields.userName), text(fields.email)];
    return { id, name: name && fold(name), email: email && fold(email), externalId: text(fields.externalId) };
  });
  const found = clean.map(({ name, email, externalId }) => {
    const by = [
      ["externalId", users.filter((user) => externalId !== undefined && user.externalId === externalId)],
      ["userName", users.filter((user) => name !== undefined && fold(user.userName) === name)],
      [
        "email",
        users.filter(
          (user) =>
            email !== undefined &&
            (fold(user.userName) === email || user.emails.some((each) => fold(each) === email)),
        ),
      ],
    ] as const;
    const [matchedBy, matches] = by.find(([, list]) => list.length > 0) ?? ["email", []];
    return { matchedBy, matches, user: matches.length === 1 ? matches[0] : undefined };
  });
  return clean.map((person, index) => {
    const { matchedBy, matches, user } = found[index]!;
    const isTwice = (same: (other: number) => boolean): boolean =>
      clean.some((_other, other) => other !== index && same(other));
    const isDuplicate =
      (person.name !== undefined && isTwice((other) => clean[other]!.name === person.name)) ||
      (person.email !== undefined && isTwice((other) => clean[other]!.email === person.email)) ||
      (user !== undefined && isTwice((other) => found[other]!.user === user));
    const isIncomplete = (person.name ?? person.email ?? person.externalId) === undefined;
    const state = stateOf({ isIncomplete, isDuplicate, found: matches.length, user });
    return { id: person.id, state, matchedBy: user ? matchedBy : null, userId: user?.id ?? null };
  });
}

function stateOf(person: {
  readonly isIncomplete: boolean;
  readonly isDuplicate: boolean;
  readonly found: number;
  readonly user: DirectoryUser | undefined;
}): MatchedUser["state"] {
  if (person.isIncomplete) return "incomplete";
  if (person.isDuplicate) return "duplicate";
  if (person.found > 1) return "ambiguous";
  if (person.user === undefined) return "unmatched";
  return person.user.active ? "matched" : "deactivated";
}

test("every person is matched as the rules say, whoever else there is", async () => {
  await fc.assert(
    fc.asyncProperty(people, directory, async (persons, found) => {
      const users = found.map((user) => ({ ...user, id: uuidv7() }));
      const existing = persons.map((person, index) => ({ ...person, id: `p${index}` }));
      const tenantId = await newTenant(users);
      // Somebody else's directory and people must make no difference.
      const other = await newTenant(users.map((user) => ({ ...user, id: uuidv7() })));

      await store.database.transaction(async (tx) => {
        if (existing.length > 0) {
          await storeExistingUsers(tx, tenantId, existing);
          await storeExistingUsers(tx, other, existing);
        }
        await matchExistingUsers(tx, tenantId);
      });

      const query = { tenantId, states: [], after: "", limit: 100 };
      const rows = await listExistingUsers(store.database, query);
      expect(rows.map(({ id, state, matchedBy, userId }) => ({ id, state, matchedBy, userId }))).toEqual(
        expected(users, existing),
      );
      const summary = await summarizeExistingUsers(store.database, tenantId);
      expect(summary.total).toBe(existing.length);
      const differences = await reconciled(tenantId, existing);
      expect(await reconciled(other, existing)).toHaveLength(differences.length);
      expect(differences).toEqual(expectedDifferences(users, existing));
    }),
    { numRuns: 60 },
  );
}, 180_000);

// Every other person of the product may log in.
const isActive = (id: string): boolean => Number(id.slice(1)) % 2 === 0;

/** What a reconciliation says of the same people, in words that can be compared. */
async function reconciled(tenantId: string, existing: readonly ExistingUser[]): Promise<readonly string[]> {
  const { database } = store;
  const listed = existing.map((person) => ({ ...person, active: isActive(person.id) }));
  const request = { tenantId, people: listed, actor: "test", onProgress: () => undefined };
  const report = await reconcile(database, request);
  if (report === undefined) return [];
  const query = { tenantId, id: report.id, findings: [], after: 0, limit: 100 };
  const differences = await listDifferences(database, query);
  const { counts } = report;
  for (const finding of FINDINGS)
    expect(counts[finding]).toBe(differences.filter((each) => each.finding === finding).length);
  expect(counts.agreeing + differences.filter(({ id }) => id !== null).length).toBe(existing.length);
  return differences.map(({ finding, id, userId }) => `${finding} ${id} ${userId}`).sort();
}

/** Matching's own rules, read for the other question. */
function expectedDifferences(
  users: readonly DirectoryUser[],
  existing: readonly ExistingUser[],
): readonly string[] {
  if (existing.length === 0) return [];
  const people = expected(users, existing).flatMap(({ id, state, userId }) => {
    const finding =
      state === "unmatched"
        ? "onlyInProduct"
        : state === "deactivated" && isActive(id)
          ? "activeOnlyInProduct"
          : state === "matched" && !isActive(id)
            ? "activeOnlyInDirectory"
            : state;
    return finding === "matched" || finding === "deactivated" ? [] : [`${finding} ${id} ${userId}`];
  });
  const fitting = new Set(existing.flatMap((person) => fittingUsers(users, person)));
  const missing = users.filter(({ id }) => !fitting.has(id));
  return [...people, ...missing.map(({ id }) => `onlyInDirectory null ${id}`)].sort();
}

/** Whom the rule that decides finds, be they one or several. */
function fittingUsers(users: readonly DirectoryUser[], person: ExistingUser): readonly string[] {
  // A directory of one user has no second who could fit, so each is asked for by itself, and the first rule counts.
  const ranked = users.map((user) => ({ id: user.id, by: expected([user], [person])[0]!.matchedBy }));
  const rank = RANKS.find((by) => ranked.some((each) => each.by === by));
  return rank === undefined ? [] : ranked.filter(({ by }) => by === rank).map(({ id }) => id);
}

test("a new user adopts whom the matching would find, and nobody where it would find several", async () => {
  await fc.assert(
    fc.asyncProperty(
      people,
      directory.filter(({ length }) => length > 0),
      async (persons, [found]) => {
        const user = { ...found!, id: uuidv7() };
        const existing = persons.map((person, index) => ({ ...person, id: `p${index}` }));
        const tenantId = await newTenant([]);
        const other = await newTenant([]);
        await store.database.transaction(async (tx) => {
          if (existing.length === 0) return;
          await storeExistingUsers(tx, tenantId, existing);
          await storeExistingUsers(tx, other, existing);
        });
        const { userName, externalId, emails } = user;
        const claim = { userName, externalId, emails };

        const offers = await findOffers(store.database, tenantId, {
          externalIds: externalId === undefined ? [] : [externalId],
          names: [userName, ...emails],
        });
        const adopted = offerFor(claim, offers)?.existingId;

        const matched = expected([user], existing).filter(({ userId }) => userId === user.id);
        const rank = Math.min(...matched.map(({ matchedBy }) => RANKS.indexOf(matchedBy)));
        const best = matched.filter(({ matchedBy }) => RANKS.indexOf(matchedBy) === rank);
        expect(adopted).toBe(best.length === 1 ? best[0]!.id : undefined);
      },
    ),
    { numRuns: 60 },
  );
}, 180_000);

const RANKS: readonly MatchedUser["matchedBy"][] = ["externalId", "userName", "email"];

test("what is imported again replaces what was known, and is matched anew", async () => {
  const user = { id: uuidv7(), userName: "ada", externalId: undefined, emails: [], active: true };
  const tenantId = await newTenant([user]);
  const stateAfter = async (person: ExistingUser): Promise<string> => {
    await store.database.transaction(async (tx) => {
      await storeExistingUsers(tx, tenantId, [{ id: "7", userName: "nobody" }, person]);
      await matchExistingUsers(tx, tenantId);
    });
    const [row, another] = await listExistingUsers(store.database, {
      tenantId,
      states: [],
      after: "",
      limit: 9,
    });
    expect(another).toBeUndefined();
    return row!.state;
  };

  expect(await stateAfter({ id: "7", userName: "bob" })).toBe("unmatched");
  expect(await stateAfter({ id: "7", email: " ADA " })).toBe("matched");
  expect(await stateAfter({ id: "7" })).toBe("incomplete");
});
