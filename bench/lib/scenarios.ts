/** What a client of the load generator does, over and over, on its connection: the requests that Azure AD sends. */
import { randomUUID } from "node:crypto";
import type { Answer, Connection } from "./connection.ts";

/** What a scenario works on; made by the measure before the load begins. */
export interface Material {
  readonly groupIds?: readonly string[];
  readonly userIds?: readonly string[];
  readonly userNames?: readonly string[];
}

/** Sends a request and notes its time. @throws when the answer has another status than the scenario needs */
export type Send = (request: {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly expect: number | readonly number[];
}) => Promise<Answer>;

export interface Turn {
  readonly send: Send;
  readonly material: Material;
  /** Which turn of the whole load this is. */
  readonly index: number;
}

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

export const SCENARIOS = {
  create: async ({ send }: Turn) => {
    await send({ method: "POST", path: "/Users", body: userBody(newUserName()), expect: 201 });
  },
  /** Of one user in a cycle: probe, create, PATCH active, add to a group. */
  cycle: async ({ send, material, index }: Turn) => {
    const userName = newUserName();
    await send({ method: "GET", path: byName(userName), expect: 200 });
    const created = await send({ method: "POST", path: "/Users", body: userBody(userName), expect: 201 });
    const id = idIn(created);
    await send({ method: "PATCH", path: `/Users/${id}`, body: DEACTIVATION, expect: [200, 204] });
    const group = pick(material.groupIds, index);
    await send({ method: "PATCH", path: `/Groups/${group}`, body: addition(id), expect: [200, 204] });
  },
  readByName: async ({ send, material, index }: Turn) => {
    await send({ method: "GET", path: byName(pick(material.userNames, index)), expect: 200 });
  },
  readById: async ({ send, material, index }: Turn) => {
    await send({ method: "GET", path: `/Users/${pick(material.userIds, index)}`, expect: 200 });
  },
  patch: async ({ send, material, index }: Turn) => {
    const path = `/Users/${pick(material.userIds, index)}`;
    await send({ method: "PATCH", path, body: retitled(), expect: [200, 204] });
  },
  addMember: async ({ send, material, index }: Turn) => {
    const path = `/Groups/${pick(material.groupIds, 0)}`;
    await send({ method: "PATCH", path, body: addition(pick(material.userIds, index)), expect: [200, 204] });
  },
} as const satisfies Record<string, (turn: Turn) => Promise<void>>;

export type ScenarioName = keyof typeof SCENARIOS;

/** A user as Azure AD's default mapping sends it. */
export function userBody(userName: string): string {
  const name = userName.split("@", 1)[0];
  return JSON.stringify({
    schemas: [USER, ENTERPRISE],
    externalId: randomUUID(),
    userName,
    active: true,
    displayName: `Ada ${name}`,
    name: { formatted: `Ada ${name}`, givenName: "Ada", familyName: name },
    title: "Analyst",
    emails: [{ primary: true, type: "work", value: userName }],
    phoneNumbers: [{ type: "work", value: "+33 1 23 45 67 89" }],
    addresses: [{ type: "work", locality: "Paris", country: "France", postalCode: "75009" }],
    [ENTERPRISE]: { employeeNumber: name, department: "Engineering" },
  });
}

export function groupBody(displayName: string, memberIds: readonly string[] = []): string {
  return JSON.stringify({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    externalId: randomUUID(),
    displayName,
    members: memberIds.map((value) => ({ value })),
  });
}

export function newUserName(): string {
  return `${randomUUID()}@bench.example`;
}

export function idIn({ body }: Answer): string {
  return /"id": *"([^"]+)"/.exec(body)?.[1] ?? "";
}

const DEACTIVATION = JSON.stringify({
  schemas: [PATCH_OP],
  Operations: [{ op: "Replace", path: "active", value: "False" }],
});

function addition(userId: string): string {
  return JSON.stringify({
    schemas: [PATCH_OP],
    Operations: [{ op: "Add", path: "members", value: [{ value: userId }] }],
  });
}

function retitled(): string {
  return JSON.stringify({
    schemas: [PATCH_OP],
    Operations: [{ op: "Replace", path: "title", value: randomUUID() }],
  });
}

function byName(userName: string): string {
  return `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`;
}

function pick(list: readonly string[] | undefined, index: number): string {
  const found = list?.[index % list.length];
  if (found === undefined) throw new Error("the scenario was given nothing to work on");
  return found;
}

/** Sends requests on a connection and refuses unexpected answers. */
export function sender(connection: Connection, note: (milliseconds: number) => void): Send {
  return async ({ method, path, body, expect }) => {
    const since = performance.now();
    const answer = await connection.send(method, path, body);
    note(performance.now() - since);
    const isExpected = typeof expect === "number" ? answer.status === expect : expect.includes(answer.status);
    if (!isExpected) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.body}`);
    return answer;
  };
}
