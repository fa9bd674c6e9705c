/** Bulk requests, and changing a password: RFC 7644 section 3.7, RFC 7643 section 5. */
import type { Check, CheckGroup } from "../check.ts";
import type { ScimClient } from "../client.ts";
import { expectRefusal, expectStatus, expectThat, expectValue, expectValues } from "../expect.ts";
import type { Answer } from "../http.ts";
import { BULK, BULK_RESPONSE, ENTERPRISE, PATCH_OP, USER } from "../urns.ts";
import { dig, list } from "../values.ts";

const SOURCE = { source: "RFC 7644 section 3.7", level: "MUST" } as const;
const OPERATIONS_SHOWN_MAX = 10_000;

/** Sends the operations; what they make is deleted at the end. */
async function sendBulk(
  client: ScimClient,
  Operations: readonly unknown[],
  more: object = {},
): Promise<Answer> {
  const answer = await client.send("POST", "/Bulk", { body: { schemas: [BULK], Operations, ...more } });
  for (const operation of list(answer.body, "Operations")) {
    const location = dig(operation, "location");
    const made = dig(operation, "method") === "POST" && dig(operation, "status") === "201";
    if (made && typeof location === "string") client.own(pathOf(location));
  }
  return answer;
}

function pathOf(location: string): string {
  return `/${location.split("/").slice(-2).join("/")}`;
}

function post(
  client: ScimClient,
  bulkId: string,
  attributes: Readonly<Record<string, unknown>> = {},
): object {
  return { method: "POST", path: "/Users", bulkId, data: client.userBody(attributes) };
}

function statuses(answer: Answer): string {
  return list(answer.body, "Operations")
    .map((operation) => String(dig(operation, "status")))
    .join();
}

const results: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.7-answer",
    title: "a bulk is 200 with a BulkResponse: method, bulkId, location and status as a text",
    async run(client) {
      const answer = await sendBulk(client, [post(client, "one")]);
      expectStatus(answer, 200);
      expectThat(list(answer.body, "schemas").includes(BULK_RESPONSE), "schemas is wrong", answer);
      expectValue(answer, "Operations", [{ method: "POST", bulkId: "one", status: "201" }]);
      const location = String(dig(answer.body, "Operations.0.location"));
      expectStatus(await client.get(pathOf(location)), 200);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7-all-methods",
    title: "a bulk takes POST, PUT, PATCH and DELETE",
    async run(client) {
      const [a, b, c] = [await client.user(), await client.user(), await client.user()];
      const Operations = [{ op: "add", path: "title", value: "Guide" }];
      const answer = await sendBulk(client, [
        post(client, "new"),
        { method: "PUT", path: a.path, data: client.userBody({ title: "Lead" }) },
        { method: "PATCH", path: b.path, data: { schemas: [PATCH_OP], Operations } },
        { method: "DELETE", path: c.path },
      ]);
      expectStatus(answer, 200);
      expectThat(
        /^201,200,20[04],204$/.test(statuses(answer)),
        `the statuses are ${statuses(answer)}`,
        answer,
      );
      expectValue(await client.get(a.path), "title", "Lead");
      expectValue(await client.get(b.path), "title", "Guide");
      expectStatus(await client.get(c.path), 404);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7.2-reference",
    title: "bulkId stands for the id of what the bulk makes, in the members of a group",
    needs: ["groups"],
    async run(client) {
      const group = client.groupBody({ members: [{ value: "bulkId:ada" }] });
      const answer = await sendBulk(client, [
        post(client, "ada"),
        { method: "POST", path: "/Groups", bulkId: "team", data: group },
      ]);
      expectThat(statuses(answer) === "201,201", `the statuses are ${statuses(answer)}`, answer);
      const [user = "", team = ""] = [0, 1].map((index) =>
        pathOf(String(dig(answer.body, `Operations.${index}.location`))),
      );
      expectValue(await client.get(team), "members", [{ value: user.split("/").at(-1) }]);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7.2-reference-in-extension",
    title: "bulkId stands for the id in the manager as well",
    needs: ["enterprise"],
    async run(client) {
      const manager = { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { manager: { value: "bulkId:boss" } } };
      const answer = await sendBulk(client, [post(client, "boss"), post(client, "ada", manager)]);
      expectThat(statuses(answer) === "201,201", `the statuses are ${statuses(answer)}`, answer);
      const [boss = "", ada = ""] = [0, 1].map((index) =>
        pathOf(String(dig(answer.body, `Operations.${index}.location`))),
      );
      expectValue(await client.get(ada), `${ENTERPRISE}:manager.value`, boss.split("/").at(-1));
    },
  },
];

const failures: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.7.3-goes-on",
    title: "one operation's failure leaves the others, and comes with a SCIM error",
    async run(client) {
      const answer = await sendBulk(client, [
        post(client, "bad", { userName: undefined }),
        post(client, "good"),
      ]);
      expectStatus(answer, 200);
      expectThat(statuses(answer) === "400,201", `the statuses are ${statuses(answer)}`, answer);
      expectValues(answer, { "Operations.0.bulkId": "bad", "Operations.0.response.status": "400" });
      expectValue(answer, "Operations.0.location", undefined);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7.3-fail-on-errors",
    title: "failOnErrors ends the bulk, and what was done is answered",
    async run(client) {
      const operations = [post(client, "good"), post(client, "bad", { userName: "" }), post(client, "late")];
      const answer = await sendBulk(client, operations, { failOnErrors: 1 });
      expectStatus(answer, 200);
      expectThat(statuses(answer) === "201,400", `the statuses are ${statuses(answer)}`, answer);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7-bulk-id-required",
    title: "a POST without bulkId is refused",
    async run(client) {
      const answer = await sendBulk(client, [{ method: "POST", path: "/Users", data: client.userBody() }]);
      expectStatus(answer, 200, 400);
      if (answer.status === 200) expectThat(statuses(answer) === "400", "it was not refused", answer);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7.2-unknown-reference",
    title: "a bulkId that no operation has is the failure of that operation",
    needs: ["groups"],
    async run(client) {
      const data = client.groupBody({ members: [{ value: "bulkId:nobody" }] });
      const answer = await sendBulk(client, [{ method: "POST", path: "/Groups", bulkId: "team", data }]);
      expectStatus(answer, 200, 400);
      if (answer.status === 200) expectThat(/^4\d\d$/.test(statuses(answer)), "it was not refused", answer);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7-version",
    title: "the version of an operation is its precondition",
    needs: ["etag"],
    async run(client) {
      const user = await client.user();
      const operation = { method: "DELETE", path: user.path, version: 'W/"other"' };
      const answer = await sendBulk(client, [operation]);
      expectThat(statuses(answer) === "412", `the statuses are ${statuses(answer)}`, answer);
      expectStatus(await client.get(user.path), 200);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.7.4-too-many",
    title: "more operations than maxOperations are 413",
    async run(client) {
      const config = await client.get("/ServiceProviderConfig");
      const most = Number(dig(config.body, "bulk.maxOperations"));
      // A limit beyond this is not worth the request that would show it.
      if (!(most < OPERATIONS_SHOWN_MAX)) return;
      const operation = { method: "DELETE", path: "/Users/no-such-id" };
      const operations = Array.from({ length: most + 1 }, () => operation);
      expectRefusal(await sendBulk(client, operations), 413);
    },
  },
];

const password: Check = {
  source: "RFC 7643 section 5",
  level: "MUST",
  id: "rfc7643-5-change-password",
  title: "a password can be changed, and is not returned",
  needs: ["changePassword"],
  async run(client) {
    const { path } = await client.user({ password: "t1meMa$heen-{tag}" });
    const answer = await client.patch(path, { op: "replace", path: "password", value: "an0ther-$ecret" });
    expectStatus(answer, 200, 204);
    expectThat(!answer.text.includes("an0ther-$ecret"), "the password is in the answer", answer);
  },
};

export const bulk: CheckGroup = { name: "bulk", needs: ["bulk"], checks: [...results, ...failures] };
export const passwords: CheckGroup = { name: "password", checks: [password] };
