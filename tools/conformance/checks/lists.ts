/** Lists: paging by index and the order of results. RFC 7644 sections 3.4.2.3 and 3.4.2.4. */
import type { Check, CheckGroup } from "../check.ts";
import type { ScimClient } from "../client.ts";
import { expectIds, expectList, expectStatus, expectThat, expectValue, expectValues } from "../expect.ts";
import { dig } from "../values.ts";

const PAGING = { source: "RFC 7644 section 3.4.2.4", level: "MUST" } as const;
const SORT = { source: "RFC 7644 section 3.4.2.3", level: "MUST" } as const;

/** Five users, and the filter that finds them. */
async function five(client: ScimClient): Promise<{ ids: string[]; filter: string }> {
  const ids: string[] = [];
  for (const letter of ["c", "A", "e", "B", "d"]) {
    const attributes = { userName: `{tag}-${letter}@conformance.example`, displayName: `{tag} ${letter}` };
    const title = letter === "e" ? {} : { title: `{tag}-${letter}` };
    ids.push((await client.user({ ...attributes, ...title })).id);
  }
  return { ids, filter: `userName sw "${client.tag}"` };
}

interface PagingCase {
  readonly id: string;
  readonly title: string;
  readonly query: Readonly<Record<string, string>>;
  readonly holds: number;
  readonly startIndex?: number;
  readonly level?: "SHOULD";
}

const CASES: readonly PagingCase[] = [
  { id: "count", title: "a page holds no more than count", query: { count: "2" }, holds: 2, startIndex: 1 },
  {
    id: "start-index",
    title: "startIndex counts from 1",
    query: { startIndex: "4", count: "10" },
    holds: 2,
    startIndex: 4,
  },
  { id: "count-zero", title: "count=0 only counts", query: { count: "0" }, holds: 0 },
  { id: "count-negative", title: "a negative count is taken as 0", query: { count: "-3" }, holds: 0 },
  {
    id: "start-zero",
    title: "startIndex=0 is taken as 1",
    query: { startIndex: "0", count: "2" },
    holds: 2,
    startIndex: 1,
  },
  {
    id: "start-negative",
    title: "a negative startIndex is taken as 1",
    query: { startIndex: "-9" },
    holds: 5,
    startIndex: 1,
  },
  { id: "beyond", title: "a page beyond the end is empty", query: { startIndex: "100" }, holds: 0 },
];

const pagingCases = CASES.map(({ id, title, query, holds, startIndex }): Check => ({
  ...PAGING,
  id: `rfc7644-3.4.2.4-${id}`,
  title,
  async run(client) {
    const { filter } = await five(client);
    const answer = await client.get("/Users", { ...query, filter });
    expectThat(expectList(answer).length === holds, `expected ${holds} resources`, answer);
    expectValue(answer, "totalResults", 5);
    if (startIndex !== undefined) {
      expectValue(answer, "startIndex", startIndex);
      // Required of a part of the results alone.
      if (holds < 5) expectValue(answer, "itemsPerPage", holds);
    }
  },
}));

const paging: readonly Check[] = [
  ...pagingCases,
  {
    ...PAGING,
    id: "rfc7644-3.4.2.4-pages-add-up",
    title: "the pages hold every user once",
    async run(client) {
      const { ids, filter } = await five(client);
      const found: unknown[] = [];
      for (const startIndex of ["1", "3", "5"]) {
        const page = await client.get("/Users", { filter, startIndex, count: "2" });
        found.push(...expectList(page).map((user) => dig(user, "id")));
      }
      expectThat(found.length === 5 && ids.every((id) => found.includes(id)), "the pages do not add up");
    },
  },
  {
    ...PAGING,
    id: "rfc7644-3.4.2.4-huge-count",
    title: "a count above the server's limit is no fault",
    async run(client) {
      const { ids, filter } = await five(client);
      expectIds(await client.get("/Users", { filter, count: "1000000" }), ids);
    },
  },
  {
    source: "RFC 7644 section 3.4.2",
    level: "MUST",
    id: "rfc7644-3.4.2-list",
    title: "an unfiltered GET of the collection is a ListResponse",
    async run(client) {
      await client.user();
      const answer = await client.get("/Users", { count: "3" });
      expectThat(expectList(answer).length >= 1, "the list is empty", answer);
    },
  },
  {
    source: "Microsoft Learn: how-to-account-discovery",
    level: "ENTRA",
    id: "entra-list-numbers",
    title: "an unfiltered list tells totalResults, startIndex and itemsPerPage",
    async run(client) {
      await client.user();
      const answer = await client.get("/Users", { startIndex: "1", count: "1" });
      expectStatus(answer, 200);
      expectValues(answer, { startIndex: 1, itemsPerPage: 1 });
    },
  },
];

interface SortCase {
  readonly id: string;
  readonly title: string;
  readonly query: Readonly<Record<string, string>>;
  readonly order: string;
}

/** Made in the order c A e B d; e has no title. */
const SORTS: readonly SortCase[] = [
  {
    id: "ascending",
    title: "sortBy orders upwards, without letter case",
    query: { sortBy: "userName" },
    order: "ABcde",
  },
  {
    id: "explicit",
    title: "sortOrder=ascending is the same",
    query: { sortBy: "displayName", sortOrder: "ascending" },
    order: "ABcde",
  },
  {
    id: "descending",
    title: "sortOrder=descending orders downwards",
    query: { sortBy: "userName", sortOrder: "descending" },
    order: "edcBA",
  },
  {
    id: "missing-last",
    title: "those without a value come last upwards",
    query: { sortBy: "title" },
    order: "ABcde",
  },
  {
    id: "missing-first",
    title: "those without a value come first downwards",
    query: { sortBy: "title", sortOrder: "descending" },
    order: "edcBA",
  },
  {
    id: "letter-case",
    title: "sortBy does without letter case",
    query: { sortBy: "USERNAME" },
    order: "ABcde",
  },
  {
    id: "paged",
    title: "pages are cut from the order",
    query: { sortBy: "userName", startIndex: "2", count: "2" },
    order: "Bc",
  },
];

const sorting = SORTS.map(({ id, title, query, order }): Check => ({
  ...SORT,
  id: `rfc7644-3.4.2.3-${id}`,
  title,
  async run(client) {
    const { filter } = await five(client);
    const answer = await client.get("/Users", { ...query, filter });
    const found = expectList(answer).map((user) => String(dig(user, "displayName")).slice(-1));
    expectThat(found.join("") === order, `the order is ${found.join("")}, expected ${order}`, answer);
  },
}));

export const paged: CheckGroup = { name: "paging", needs: ["filter"], checks: paging };
export const sorted: CheckGroup = { name: "sort", needs: ["filter", "sort"], checks: sorting };
