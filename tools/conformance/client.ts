/**
 * What a check speaks through: plain requests, and users and groups of its own. Whatever a check makes has a unique
 * tag in its names, and is deleted when the check ends, so that a suite leaves a directory as it found it.
 */
import { randomBytes } from "node:crypto";
import { type Feature, Failure } from "./check.ts";
import type { Answer, RequestOptions, Transport } from "./http.ts";
import { GROUP, PATCH_OP, USER } from "./urns.ts";
import { dig, fillIn } from "./values.ts";

export type Attributes = Readonly<Record<string, unknown>>;

/** A resource as the server answered its creation. */
export interface Made {
  readonly id: string;
  /** `/Users/<id>` or `/Groups/<id>`. */
  readonly path: string;
  readonly created: Answer;
}

export interface ScimClient {
  /** Unique in the run; part of every name that the check makes. */
  readonly tag: string;
  /** Where the server lives, without a slash at its end. */
  readonly url: string;
  supports(feature: Feature): boolean;
  send(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  get(path: string, query?: Readonly<Record<string, string>>): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  /** Sends a PatchOp with the operations. */
  patch(path: string, ...operations: readonly unknown[]): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  /** POSTs to a collection; what comes of it is deleted at the end, whatever the check expects of the answer. */
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer>;
  /** Makes a user; `{tag}` in strings stands for the tag. @throws {Failure} when the server does not */
  user(attributes?: Attributes): Promise<Made>;
  group(attributes?: Attributes): Promise<Made>;
  /** A user's body with the tag for a name, for checks that send it themselves. */
  userBody(attributes?: Attributes): Record<string, unknown>;
  groupBody(attributes?: Attributes): Record<string, unknown>;
  /** To be deleted when the check ends. */
  own(path: string): void;
}

export interface Session {
  readonly client: ScimClient;
  /** The newest exchange, to be told when a check fails without naming one. */
  last(): Answer | undefined;
  /** Deletes what the check made. */
  cleanUp(): Promise<void>;
}

export interface SessionOptions {
  readonly url: string;
  readonly transport: Transport;
  readonly features: ReadonlySet<Feature>;
}

/** A client for one check. */
export function createSession({ url, transport, features }: SessionOptions): Session {
  const tag = `cf${randomBytes(5).toString("hex")}`;
  const owned: string[] = [];
  let last: Answer | undefined;

  const send = async (method: string, path: string, options: RequestOptions = {}): Promise<Answer> => {
    last = await transport.send(method, path, options);
    return last;
  };
  const { userBody, groupBody } = createBodies(tag);
  const post = async (path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> => {
    const answer = await send("POST", path, { ...options, body });
    const id = dig(answer.body, "id");
    if (answer.status === 201 && typeof id === "string") owned.push(`${path}/${encodeURIComponent(id)}`);
    return answer;
  };
  const make = async (path: string, body: unknown): Promise<Made> => {
    const created = await post(path, body);
    const id = dig(created.body, "id");
    if (created.status !== 201 || typeof id !== "string") {
      throw new Failure(`a resource that the check needs was not created: ${created.status}`, created);
    }
    return { id, path: `${path}/${encodeURIComponent(id)}`, created };
  };
  const client: ScimClient = {
    tag,
    url,
    supports: (feature) => features.has(feature),
    send,
    get: (path, query) => send("GET", path, query === undefined ? {} : { query }),
    put: (path, body) => send("PUT", path, { body }),
    patch: (path, ...operations) =>
      send("PATCH", path, { body: { schemas: [PATCH_OP], Operations: operations } }),
    delete: (path) => send("DELETE", path),
    post,
    user: (attributes) => make("/Users", userBody(attributes)),
    group: (attributes) => make("/Groups", groupBody(attributes)),
    userBody,
    groupBody,
    own: (path) => void owned.push(path),
  };
  return {
    client,
    last: () => last,
    async cleanUp() {
      // Groups come after the users they hold, so the newest goes first.
      for (const path of owned.reverse()) await transport.send("DELETE", path).catch(() => undefined);
    },
  };
}

/** Bodies with a name of their own each: the tag, and a number from the second on. */
function createBodies(tag: string): Pick<ScimClient, "userBody" | "groupBody"> {
  let serial = 0;
  const nextName = (): string => {
    serial += 1;
    return serial === 1 ? tag : `${tag}-${serial}`;
  };
  return {
    userBody: (attributes = {}) => ({
      schemas: [USER],
      userName: `${nextName()}@conformance.example`,
      ...(fillIn(attributes, tag) as Attributes),
    }),
    groupBody: (attributes = {}) => ({
      schemas: [GROUP],
      displayName: `${nextName()} group`,
      ...(fillIn(attributes, tag) as Attributes),
    }),
  };
}
