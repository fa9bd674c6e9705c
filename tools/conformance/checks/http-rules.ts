/** What holds for every exchange: content types, authentication, methods, the form of refusals. */
import type { Check, CheckGroup } from "../check.ts";
import { expectErrorForm, expectScimType, expectStatus, expectThat, expectValue } from "../expect.ts";
import { dig } from "../values.ts";

const CONTENT = { source: "RFC 7644 section 3.8", level: "MUST" } as const;
const AUTH = { source: "RFC 7644 section 2", level: "MUST" } as const;
const ERRORS = { source: "RFC 7644 section 3.12", level: "MUST" } as const;

const contentTypes: readonly Check[] = [
  {
    ...CONTENT,
    id: "rfc7644-3.8-list-content-type",
    title: "lists are application/scim+json",
    run: async (client) => expectScimType(await client.get("/Users", { count: "1" })),
  },
  {
    ...CONTENT,
    id: "rfc7644-3.8-accept-json",
    title: "Accept: application/json is served",
    level: "SHOULD",
    async run(client) {
      const { id, path } = await client.user();
      expectValue(await client.send("GET", path, { headers: { accept: "application/json" } }), "id", id);
    },
  },
  {
    ...CONTENT,
    id: "rfc7644-3.8-default-type",
    title: "a request without a preference is answered as application/scim+json",
    async run(client) {
      const { path } = await client.user();
      expectScimType(await client.send("GET", path, { headers: { accept: "*/*" } }));
    },
  },
  ...["application/scim+json", "application/scim+json; charset=utf-8", "application/json"].map(
    (type, index): Check => ({
      ...CONTENT,
      level: index === 2 ? "SHOULD" : "MUST",
      id: `rfc7644-3.8-body-${["scim", "scim-charset", "json"][index] ?? ""}`,
      title: `a body of ${type} is taken`,
      async run(client) {
        const headers = { "content-type": type };
        expectStatus(await client.post("/Users", client.userBody(), { headers }), 201);
      },
    }),
  ),
  {
    source: "RFC 9110 section 15.5.16",
    level: "SHOULD",
    id: "rfc9110-15.5.16-body-text",
    title: "a body of text/plain is refused with 415 or 400",
    async run(client) {
      const headers = { "content-type": "text/plain" };
      expectStatus(await client.post("/Users", client.userBody(), { headers }), 415, 400);
    },
  },
];

const authentication: readonly Check[] = [
  {
    ...AUTH,
    id: "rfc7644-2-no-token",
    title: "a request without a token is 401 with a SCIM error and nothing else",
    async run(client) {
      const answer = await client.send("GET", "/Users", { headers: { authorization: null } });
      expectErrorForm(answer, 401);
      expectThat(dig(answer.body, "Resources") === undefined, "resources are in the answer", answer);
    },
  },
  {
    ...AUTH,
    id: "rfc7644-2-www-authenticate",
    title: "401 carries WWW-Authenticate",
    async run(client) {
      const answer = await client.send("GET", "/Users", { headers: { authorization: null } });
      expectStatus(answer, 401);
      expectThat(answer.headers.has("www-authenticate"), "WWW-Authenticate is missing", answer);
    },
  },
  {
    ...AUTH,
    id: "rfc7644-2-wrong-token",
    title: "a wrong token is 401 with a SCIM error",
    async run(client) {
      const headers = { authorization: "Bearer not-the-token" };
      expectErrorForm(await client.send("GET", "/Users", { headers }), 401);
    },
  },
  {
    ...AUTH,
    id: "rfc7644-2-write-without-token",
    title: "a write without a token is 401, and writes nothing",
    async run(client) {
      const body = client.userBody();
      const headers = { authorization: null };
      expectStatus(await client.post("/Users", body, { headers }), 401);
      const found = await client.get("/Users", { filter: `userName eq "${String(body["userName"])}"` });
      expectValue(found, "totalResults", 0);
    },
  },
];

const errors: readonly Check[] = [
  {
    ...ERRORS,
    id: "rfc7644-3.12-status-is-text",
    title: "status in an error is a text, the same as that of HTTP",
    async run(client) {
      const answer = await client.get("/Users/no-such-id");
      expectStatus(answer, 404);
      expectThat(dig(answer.body, "status") === "404", "status is not the text 404", answer);
    },
  },
  {
    ...ERRORS,
    id: "rfc7644-3.12-bad-request-form",
    title: "400 has the form of a SCIM error",
    run: async (client) => expectErrorForm(await client.post("/Users", "{"), 400),
  },
  {
    ...ERRORS,
    id: "rfc7644-3.12-detail",
    title: "an error says in detail what was wrong",
    level: "SHOULD",
    async run(client) {
      const answer = await client.post("/Users", client.userBody({ name: "Ada" }));
      expectErrorForm(answer, 400);
      const detail = dig(answer.body, "detail");
      expectThat(typeof detail === "string" && detail.length > 10, "detail is missing", answer);
    },
  },
  {
    ...ERRORS,
    id: "rfc7644-3.12-no-internals",
    title: "an error shows no stack trace",
    level: "SHOULD",
    async run(client) {
      for (const answer of [await client.post("/Users", "{"), await client.get("/Users/no-such-id")]) {
        expectThat(!/\bat .*\.\w+:\d+:\d+|node_modules|Traceback/.test(answer.text), "a stack trace", answer);
      }
    },
  },
  // Not DELETE: a server that took it would delete every user.
  ...(["PUT", "PATCH"] as const).map((method): Check => ({
    source: "RFC 9110 section 15.5.6",
    level: "SHOULD",
    id: `rfc9110-15.5.6-${method.toLowerCase()}-on-collection`,
    title: `${method} on /Users is refused with 405 and a SCIM error`,
    async run(client) {
      expectErrorForm(await client.send(method, "/Users", { body: client.userBody() }), 405);
    },
  })),
];

export const httpRules: CheckGroup = {
  name: "http",
  checks: [...contentTypes, ...authentication, ...errors],
};
