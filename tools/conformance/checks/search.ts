/** Queries beyond GET of one collection: .search, the root, cursors. RFC 7644 section 3.4.3, RFC 9865. */
import { type Check, type CheckGroup, skipUnlessOffered } from "../check.ts";
import type { ScimClient } from "../client.ts";
import { expectIds, expectLeftOut, expectList, expectRefusal, expectStatus } from "../expect.ts";
import { expectThat, expectValue, expectValues } from "../expect.ts";
import type { Answer } from "../http.ts";
import { SEARCH } from "../urns.ts";
import { dig } from "../values.ts";

const SOURCE = { source: "RFC 7644 section 3.4.3", level: "MUST" } as const;
const ROOT = { source: "RFC 7644 section 3.4.2.1", level: "MUST" } as const;
const CURSOR = { source: "RFC 9865 section 2", level: "MUST" } as const;

/** Three users, and the filter that finds them. */
async function three(client: ScimClient): Promise<{ ids: string[]; filter: string }> {
  const ids: string[] = [];
  for (const name of ["ada", "bob", "cy"]) {
    ids.push((await client.user({ userName: `{tag}-${name}@conformance.example`, displayName: "{tag}" })).id);
  }
  return { ids, filter: `userName sw "${client.tag}"` };
}

async function searchFor(client: ScimClient, path: string, parameters: object): Promise<Answer> {
  const answer = await client.send("POST", path, { body: { schemas: [SEARCH], ...parameters } });
  skipUnlessOffered(answer);
  return answer;
}

const searches: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.4.3-search-filter",
    title: "POST /Users/.search takes a filter and answers a ListResponse with 200",
    async run(client) {
      const { ids, filter } = await three(client);
      expectIds(await searchFor(client, "/Users/.search", { filter }), ids);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.4.3-search-paging",
    title: "it takes startIndex and count",
    async run(client) {
      const { filter } = await three(client);
      const answer = await searchFor(client, "/Users/.search", { filter, startIndex: 2, count: 1 });
      expectThat(expectList(answer).length === 1, "the page does not hold one user", answer);
      expectValues(answer, { totalResults: 3, startIndex: 2, itemsPerPage: 1 });
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.4.3-search-projection",
    title: "it takes attributes as an array",
    async run(client) {
      const { filter } = await three(client);
      const answer = await searchFor(client, "/Users/.search", { filter, attributes: ["displayName"] });
      expectList(answer);
      expectValue(answer, "Resources.0.displayName", client.tag);
      expectLeftOut(answer, "Resources.0.userName");
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.4.3-search-sort",
    title: "it takes sortBy and sortOrder",
    needs: ["sort"],
    async run(client) {
      const { ids, filter } = await three(client);
      const order = { sortBy: "userName", sortOrder: "descending" };
      const answer = await searchFor(client, "/Users/.search", { filter, ...order });
      const found = expectList(answer).map((user) => dig(user, "id"));
      expectThat(found.join() === ids.reverse().join(), "the order is wrong", answer);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.4.3-search-malformed",
    title: "a malformed filter is 400 invalidFilter",
    async run(client) {
      expectRefusal(
        await searchFor(client, "/Users/.search", { filter: "userName eq" }),
        400,
        "invalidFilter",
      );
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.4.3-search-groups",
    title: "groups are searched the same way",
    needs: ["groups"],
    async run(client) {
      const { id, created } = await client.group();
      const filter = `displayName eq "${String(dig(created.body, "displayName"))}"`;
      const answer = await searchFor(client, "/Groups/.search", { filter, excludedAttributes: ["members"] });
      expectIds(answer, [id]);
    },
  },
];

const root: readonly Check[] = [
  {
    ...ROOT,
    id: "rfc7644-3.4.2.1-root-query",
    title: "a query of the root finds users and groups",
    needs: ["groups"],
    async run(client) {
      const user = await client.user({ displayName: "{tag}" });
      const group = await client.group({ displayName: "{tag}" });
      const answer = await client.get("/", { filter: `displayName eq "${client.tag}"` });
      skipUnlessOffered(answer);
      expectIds(answer, [user.id, group.id]);
    },
  },
  {
    ...ROOT,
    id: "rfc7644-3.4.2.1-root-foreign-attribute",
    title: "an attribute that a type does not have matches none of that type",
    needs: ["groups"],
    async run(client) {
      const user = await client.user();
      const userName = String(dig(user.created.body, "userName"));
      const answer = await client.get("/", { filter: `userName eq "${userName}"` });
      skipUnlessOffered(answer);
      expectIds(answer, [user.id]);
    },
  },
  {
    ...ROOT,
    id: "rfc7644-3.4.3-root-search",
    title: "POST /.search finds users and groups",
    needs: ["groups"],
    async run(client) {
      const user = await client.user({ displayName: "{tag}" });
      const group = await client.group({ displayName: "{tag}" });
      const filter = `displayName eq "${client.tag}"`;
      expectIds(await searchFor(client, "/.search", { filter }), [user.id, group.id]);
    },
  },
];

const cursors: readonly Check[] = [
  {
    ...CURSOR,
    id: "rfc9865-2-pages",
    title: "pages by cursor hold every user once, and the last has no nextCursor",
    async run(client) {
      const { ids, filter } = await three(client);
      const first = await client.get("/Users", { filter, cursor: "", count: "2" });
      expectThat(expectList(first).length === 2, "the first page does not hold two users", first);
      const cursor = dig(first.body, "nextCursor");
      expectThat(typeof cursor === "string" && cursor !== "", "nextCursor is missing", first);
      const second = await client.get("/Users", { filter, cursor, count: "2" });
      const found = [...expectList(first), ...expectList(second)].map((user) => dig(user, "id"));
      expectThat(
        found.length === 3 && ids.every((id) => found.includes(id)),
        "the pages do not add up",
        second,
      );
      expectThat(dig(second.body, "nextCursor") === undefined, "the last page has a nextCursor", second);
    },
  },
  {
    ...CURSOR,
    id: "rfc9865-2-unreserved",
    title: "a cursor is made of characters that a URL needs not escape",
    async run(client) {
      const { filter } = await three(client);
      const answer = await client.get("/Users", { filter, cursor: "", count: "1" });
      const cursor = String(dig(answer.body, "nextCursor"));
      expectThat(/^[\w.~-]+$/.test(cursor), "the cursor has other characters", answer);
      expectLeftOut(answer, "previousCursor");
    },
  },
  {
    ...CURSOR,
    id: "rfc9865-2-same-parameters",
    title: "another filter with a cursor is refused, since parameters must stay the same",
    level: "SHOULD",
    async run(client) {
      const { filter } = await three(client);
      const first = await client.get("/Users", { filter, cursor: "", count: "1" });
      const cursor = String(dig(first.body, "nextCursor"));
      const other = `${filter} and active eq true`;
      expectStatus(await client.get("/Users", { filter: other, cursor, count: "1" }), 400);
    },
  },
  {
    ...CURSOR,
    id: "rfc9865-2.1-invalid-cursor",
    title: "a cursor that the server did not make is 400 invalidCursor",
    source: "RFC 9865 section 2.1",
    run: async (client) =>
      expectRefusal(await client.get("/Users", { cursor: "not-a-cursor", count: "1" }), 400, "invalidCursor"),
  },
  {
    ...CURSOR,
    id: "rfc9865-2.1-invalid-count",
    title: "another count with a cursor is 400 invalidCount",
    source: "RFC 9865 section 2.1",
    async run(client) {
      const { filter } = await three(client);
      const first = await client.get("/Users", { filter, cursor: "", count: "1" });
      const cursor = String(dig(first.body, "nextCursor"));
      expectRefusal(await client.get("/Users", { filter, cursor, count: "2" }), 400, "invalidCount");
    },
  },
  {
    ...CURSOR,
    id: "rfc9865-3-search",
    title: ".search takes a cursor in its body",
    source: "RFC 9865 section 3",
    async run(client) {
      const { filter } = await three(client);
      const answer = await searchFor(client, "/Users/.search", { filter, cursor: "", count: 2 });
      expectThat(expectList(answer).length === 2, "the page does not hold two users", answer);
      const cursor = dig(answer.body, "nextCursor");
      const next = await searchFor(client, "/Users/.search", { filter, cursor, count: 2 });
      expectThat(expectList(next).length === 1, "the second page does not hold one user", next);
    },
  },
];

export const search: CheckGroup = { name: "search", needs: ["filter"], checks: [...searches, ...root] };
export const cursor: CheckGroup = { name: "cursor", needs: ["filter", "cursor"], checks: cursors };
