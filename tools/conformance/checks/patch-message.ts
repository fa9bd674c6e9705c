/** PATCH as a whole: order, atomicity, the answer, and messages that are refused. RFC 7644 section 3.5.2. */
import type { Check, CheckGroup } from "../check.ts";
import { expectErrorForm, expectLeftOut, expectRefusal, expectStatus } from "../expect.ts";
import { expectThat, expectValue } from "../expect.ts";
import { PATCH_OP } from "../urns.ts";
import { dig, list } from "../values.ts";
import { patchCheck, refusedPatchCheck } from "./cases.ts";

const SOURCE = { source: "RFC 7644 section 3.5.2", level: "MUST" } as const;
const ERRORS = { source: "RFC 7644 section 3.12", level: "MUST" } as const;
const WORK = { value: "{tag}@work.example", type: "work" };

const answers: readonly Check[] = [
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-operations-in-order",
    title: "each operation works on what the one before it left",
    operations: [
      { op: "add", path: "emails", value: [WORK] },
      { op: "replace", path: 'emails[type eq "work"].value', value: "{tag}@new.example" },
      { op: "add", path: "title", value: "Guide" },
      { op: "remove", path: "title" },
    ],
    gives: { emails: [{ value: "{tag}@new.example", type: "work" }], title: undefined },
  }),
  {
    ...SOURCE,
    id: "rfc7644-3.5.2-answer",
    title: "PATCH is answered with 200 and the whole resource, or 204 without a body",
    async run(client) {
      const user = await client.user({ nickName: "Babs" });
      const answer = await client.patch(user.path, { op: "add", path: "title", value: "Guide" });
      expectStatus(answer, 200, 204);
      if (answer.status === 204) {
        expectThat(answer.text === "", "204 has a body", answer);
        return;
      }
      expectValue(answer, "id", user.id);
      expectValue(answer, "title", "Guide");
      expectValue(answer, "nickName", "Babs");
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.5.2-attributes-parameter",
    title: "PATCH with the attributes parameter is answered with 200 and these attributes",
    async run(client) {
      const user = await client.user({ nickName: "Babs" });
      const Operations = [{ op: "add", path: "title", value: "Guide" }];
      const body = { schemas: [PATCH_OP], Operations };
      const answer = await client.send("PATCH", user.path, { body, query: { attributes: "title" } });
      expectStatus(answer, 200);
      expectValue(answer, "title", "Guide");
      expectLeftOut(answer, "nickName");
    },
  },
  {
    ...SOURCE,
    id: "rfc7643-3.1-patch-advances-last-modified",
    title: "a change advances meta.lastModified and leaves meta.created",
    source: "RFC 7643 section 3.1",
    async run(client) {
      const user = await client.user();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.patch(user.path, { op: "add", path: "title", value: "Guide" });
      const after = await client.get(user.path);
      const [created, modified] = ["meta.created", "meta.lastModified"].map((path) =>
        Date.parse(String(dig(after.body, path))),
      );
      expectValue(after, "meta.created", dig(user.created.body, "meta.created"));
      expectThat(Number(modified) > Number(created), "lastModified is not after created", after);
    },
  },
  {
    ...ERRORS,
    id: "rfc7644-3.12-patch-unknown",
    title: "PATCH of an unknown resource is 404",
    async run(client) {
      const operation = { op: "add", path: "title", value: "Guide" };
      expectErrorForm(await client.patch("/Users/00000000-0000-4000-8000-000000000000", operation), 404);
    },
  },
];

const refused: readonly Check[] = [
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-atomic",
    title: "when one operation fails, none of them is applied",
    given: { title: "Guide", emails: [WORK] },
    operations: [
      { op: "replace", path: "title", value: "Lead" },
      { op: "remove", path: "emails" },
      { op: "remove" },
    ],
  }),
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-read-only-id",
    title: "id cannot be changed: mutability",
    operations: [{ op: "replace", path: "id", value: "another" }],
    scimType: "mutability",
  }),
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-read-only-meta",
    title: "meta cannot be changed: mutability",
    operations: [{ op: "replace", path: "meta.created", value: "2001-01-01T00:00:00Z" }],
    scimType: "mutability",
  }),
  refusedPatchCheck({
    ...ERRORS,
    id: "rfc7644-3.12-invalid-path-grammar",
    title: "a path outside the grammar is invalidPath",
    operations: [{ op: "replace", path: "name..givenName", value: "x" }],
    scimType: "invalidPath",
  }),
  refusedPatchCheck({
    ...ERRORS,
    id: "rfc7644-3.5.2-array-index-refused",
    title: "a path with an array index is refused",
    given: { emails: [WORK] },
    operations: [{ op: "replace", path: "emails[0].value", value: "x@example.com" }],
  }),
  refusedPatchCheck({
    ...ERRORS,
    id: "rfc7644-3.12-path-unknown-attribute",
    title: "a path that names no attribute of the type is invalidPath",
    level: "SHOULD",
    operations: [{ op: "replace", path: "noSuchAttribute", value: "x" }],
    scimType: "invalidPath",
  }),
  refusedPatchCheck({
    ...ERRORS,
    id: "rfc7644-3.12-invalid-value-type",
    title: "a value of the wrong type is invalidValue",
    operations: [{ op: "replace", path: "name", value: ["Ada"] }],
    scimType: "invalidValue",
  }),
  refusedPatchCheck({
    ...ERRORS,
    id: "rfc7644-3.12-invalid-boolean",
    title: "a text that is no boolean is invalidValue for a boolean attribute",
    operations: [{ op: "replace", path: "active", value: "perhaps" }],
    scimType: "invalidValue",
  }),
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-unknown-operation",
    title: "an operation other than add, remove and replace is refused",
    operations: [{ op: "move", path: "title", value: "x" }],
  }),
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-operation-missing",
    title: "an operation without op is refused",
    operations: [{ path: "title", value: "x" }],
  }),
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-value-missing",
    title: "add without a value is refused",
    operations: [{ op: "add", path: "title" }],
  }),
  refusedPatchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-value-no-object",
    title: "add without a path whose value is no object is refused",
    operations: [{ op: "add", value: "Guide" }],
  }),
];

const messages: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.5.2-operations-missing",
    title: "a message without Operations is refused",
    async run(client) {
      const user = await client.user();
      const body = { schemas: [PATCH_OP] };
      expectRefusal(await client.send("PATCH", user.path, { body }), 400);
    },
  },
  {
    ...SOURCE,
    id: "entra-empty-operations",
    title: "an empty list of operations is no fault of the server: 200, 204 or 400",
    source: "Microsoft Entra SCIM validator (github.com/scimmyjs/scimmy/issues/59)",
    level: "ENTRA",
    async run(client) {
      const user = await client.user();
      expectStatus(await client.patch(user.path), 200, 204, 400);
    },
  },
  {
    ...ERRORS,
    id: "rfc7644-3.12-patch-uniqueness",
    title: "a PATCH to a userName that is taken is refused as uniqueness and changes nothing",
    async run(client) {
      const taken = dig((await client.user()).created.body, "userName");
      const user = await client.user();
      const answer = await client.patch(user.path, { op: "replace", path: "userName", value: taken });
      expectRefusal(answer, [400, 409], "uniqueness");
      expectValue(await client.get(user.path), "userName", dig(user.created.body, "userName"));
    },
  },
  {
    ...ERRORS,
    id: "rfc7644-3.12-patch-detail",
    title: "a refused PATCH says in detail what was wrong",
    level: "SHOULD",
    async run(client) {
      const user = await client.user();
      const answer = await client.patch(user.path, { op: "remove" });
      expectErrorForm(answer, 400);
      expectThat(String(dig(answer.body, "detail")).length > 10, "detail is missing", answer);
      expectThat(list(answer.body, "schemas").length === 1, "schemas holds more than Error", answer);
    },
  },
];

export const patchMessage: CheckGroup = {
  name: "patch-message",
  needs: ["patch"],
  checks: [...answers, ...refused, ...messages],
};
