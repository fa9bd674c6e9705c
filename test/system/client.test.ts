/** The product's client, against Rollcall and against servers that are slow, broken or gone. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createRollcallClient, loginGuard, type LoginAnswer, RollcallError } from "../../src/client/index.ts";
import { changeLoginGate } from "../../src/store/login-gates.ts";
import { addProductKey } from "../support/product.ts";
import { createUser, patch } from "../support/provision.ts";
import { startTestService, type TestService, type TestTenant } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
const kind = queueBackends()[0]!;
beforeAll(async () => {
  service = await startTestService(openTestQueue(kind));
});
afterAll(() => service.stop());

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that stands where Rollcall should. @returns its address, and how often it was asked */
async function pretend(handler: RequestListener): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

async function newTenant(): Promise<TestTenant & { readonly url: string; readonly key: string }> {
  const tenant = await service.addTenant();
  return { ...tenant, url: service.apiUrl, key: await addProductKey(service.database, tenant.tenantId) };
}

const allow: RequestListener = (_request, response) => {
  response
    .setHeader("Content-Type", "application/json")
    .end('{"allowed":true,"reason":"active","userId":"7"}');
};

test("answers as Rollcall does, one by one and in any number at once", async () => {
  const { scim, url, key } = await newTenant();
  const userId = await createUser(scim, "ada@contoso.com");
  const rollcall = createRollcallClient({ url: `${url}/`, key });

  expect(await rollcall.mayLogIn({ userName: "ADA@contoso.com", groups: true })).toEqual({
    ...{ allowed: true, reason: "active", userId, groups: [] },
  });
  const checks = Array.from({ length: 2_001 }, (_, n) => ({
    userName: n === 2_000 ? "ada@contoso.com" : `u${n}`,
  }));
  const answers = await rollcall.mayAllLogIn(checks);
  expect(answers).toHaveLength(2_001);
  expect(answers.filter(({ allowed }) => allowed)).toEqual([{ allowed: true, reason: "active", userId }]);
  expect(answers[2_000]).toMatchObject({ allowed: true });
});

test("asks anew where nothing is to be kept, so a deactivation counts at once", async () => {
  const { scim, url, key } = await newTenant();
  const id = await createUser(scim, "ada@contoso.com");
  const rollcall = createRollcallClient({ url, key, cacheMs: 0 });
  expect(await rollcall.mayLogIn({ userName: "ada@contoso.com" })).toMatchObject({ allowed: true });

  await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: false }));

  expect(await rollcall.mayLogIn({ userName: "ada@contoso.com" })).toMatchObject({ reason: "deactivated" });
});

test("uses an answer again for its time, shares one under way, and forgets it when told", async () => {
  const { url, asked } = await pretend(allow);
  const rollcall = createRollcallClient({ url, key: "rk_test", cacheMs: 60_000 });
  const ada = () => rollcall.mayLogIn({ userName: "ada" });

  await Promise.all([ada(), ada(), rollcall.mayLogIn({ email: "ada" })]);
  await ada();
  expect(asked()).toBe(2);
  rollcall.forget("8");
  await ada();
  expect(asked()).toBe(2);
  rollcall.forget("7");
  await ada();
  expect(asked()).toBe(3);
});

test("answers as chosen when nobody listens, and keeps no such answer", async () => {
  const { url } = await pretend(allow);
  closing.splice(0).forEach((close) => close());
  const told: unknown[] = [];
  const onUnreachable = (error: unknown): void => void told.push(error);

  const closed = createRollcallClient({ url, key: "rk_test", onUnreachable });
  const open = createRollcallClient({ url, key: "rk_test", whenUnreachable: "allow", retries: 0 });

  expect(await closed.mayLogIn({ userName: "ada" })).toEqual({ allowed: false, reason: "unreachable" });
  expect(told).toHaveLength(2);
  await closed.mayLogIn({ userName: "ada" });
  expect(told).toHaveLength(4);
  expect(await open.mayLogIn({ userName: "ada" })).toEqual({ allowed: true, reason: "unreachable" });
  expect(await open.mayAllLogIn([{ userName: "a" }, { email: "b" }])).toEqual([
    { allowed: true, reason: "unreachable" },
    { allowed: true, reason: "unreachable" },
  ]);
});

test("remembers from Rollcall's answers what the tenant chose for that case", async () => {
  const { tenantId, url, key } = await newTenant();
  await service.database.transaction((tx) => changeLoginGate(tx, tenantId, { whenUnreachable: "allow" }));
  let isGone = false;
  const proxy = await pretend((request, response) => {
    if (isGone) {
      response.destroy();
      return;
    }
    const body = JSON.stringify({ userName: "ada" });
    const headers = { Authorization: request.headers.authorization ?? "" };
    void fetch(`${url}${request.url ?? ""}`, { method: "POST", headers, body }).then(async (answer) => {
      response.setHeader("rollcall-when-unreachable", answer.headers.get("rollcall-when-unreachable") ?? "");
      response.end(await answer.text());
    });
  });
  const rollcall = createRollcallClient({ url: proxy.url, key, cacheMs: 0 });
  expect(await rollcall.mayLogIn({ userName: "ada" })).toMatchObject({ reason: "not_activated" });

  isGone = true;

  expect(await rollcall.mayLogIn({ userName: "ada" })).toEqual({ allowed: true, reason: "unreachable" });
});

test.each([
  ["no answer in time", () => undefined],
  ["a fault", (_request, response) => void response.writeHead(500).end("{}")],
  ["too many requests", (_request, response) => void response.writeHead(429).end("{}")],
  ["no JSON", (_request, response) => void response.end("<html>")],
  ["a redirect", (_request, response) => void response.writeHead(302, { Location: "/login" }).end()],
] as [string, RequestListener][])("%s is tried again, then counts as unreachable", async (_what, handler) => {
  const { url, asked } = await pretend(handler);
  const rollcall = createRollcallClient({ url, key: "rk_test", timeoutMs: 200, retries: 2 });

  expect(await rollcall.mayLogIn({ userName: "ada" })).toEqual({ allowed: false, reason: "unreachable" });
  expect(asked()).toBe(3);
});

test("a moment's fault is not seen by the person who signs in", async () => {
  let faults = 1;
  const { url } = await pretend((request, response) => {
    if (faults > 0) response.destroy();
    else allow(request, response);
    faults -= 1;
  });

  expect(await createRollcallClient({ url, key: "rk_test" }).mayLogIn({ userName: "ada" })).toMatchObject({
    reason: "active",
  });
});

test("a wrong key or question is the developer's to mend, and is not tried again", async () => {
  const { url, key } = await newTenant();
  const wrong = createRollcallClient({ url, key: "rk_wrong", whenUnreachable: "allow" });
  const asked = createRollcallClient({ url, key }).mayLogIn({ userName: "" });

  const refused = await wrong.mayLogIn({ userName: "ada" }).catch((error: unknown) => error);

  expect(refused).toBeInstanceOf(RollcallError);
  expect(refused).toMatchObject({ status: 401, code: "unauthenticated" });
  await expect(asked).rejects.toMatchObject({ status: 400, code: "body-invalid" });
});

test("the guard lets visitors and active people pass, refuses others, and hands on what went wrong", async () => {
  const passed: unknown[] = [];
  const refusals: LoginAnswer[] = [];
  const answers: Readonly<Record<string, LoginAnswer>> = {
    ada: { allowed: true, reason: "active" },
    gone: { allowed: false, reason: "deactivated" },
  };
  const client = {
    mayLogIn: (check: object) => {
      const answer = answers[(check as { userName: string }).userName];
      return answer ? Promise.resolve(answer) : Promise.reject(new Error("broken"));
    },
  };
  const guard = loginGuard<{ user?: string }, object>(client, {
    person: ({ user }) => (user === undefined ? undefined : { userName: user }),
    refuse: (answer) => void refusals.push(answer),
  });

  for (const user of [undefined, "ada", "gone", "broken"])
    await guard(user === undefined ? {} : { user }, {}, (error?: unknown) => void passed.push(error));

  expect(passed).toEqual([undefined, undefined, new Error("broken")]);
  expect(refusals).toEqual([answers["gone"]]);
});
