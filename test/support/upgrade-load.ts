/**
 * What goes on while an installation is upgraded: identity providers that write and read, and a product that follows.
 * Requests go to the api processes that stand behind the balancer, in turn. Nothing is sent twice, and an answer other than
 * the right one ends the load: what it tells of is all that was acknowledged.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EventMessage } from "../../src/store/event-messages.ts";
import { GROUP, patch, USER } from "./provision.ts";
import { createScimClient, filterQuery, type ScimAnswer, type ScimRequestOptions } from "./scim-client.ts";
import { createProductClient } from "./product.ts";
import { waitFor } from "./service.ts";

/** Whoever is taken out is sent no request any more. */
export interface Balancer {
  /** Origins of the api processes that are sent requests. */
  apis: readonly string[];
}

type Request = readonly [method: string, path: string, body?: object];

export interface Credentials {
  readonly token: string;
  readonly productKey: string;
}

/** A user as its last answer showed it. */
export interface Acknowledged {
  readonly userName: string;
  readonly title: string;
  readonly active: boolean;
  readonly version: string;
}

/** By operation and type, as the ledger names them. */
export type Tally = Record<string, number>;

const CLIENTS = 4;
// So that the processes that start meanwhile have a core.
const PAUSE_MS = 75;
const UNDER_LOAD_MS = 180_000;

export class UpgradeLoad {
  readonly #balancer: Balancer;
  readonly #credentials: Credentials;
  #turn = 0;
  #isOver = false;
  #isTold = false;
  #clients: readonly Promise<void>[] = [];
  #follower: Promise<void> = Promise.resolve();
  readonly #rounds: number[] = Array.from({ length: CLIENTS }, () => 0);
  readonly #unexpected: string[] = [];

  readonly users = new Map<string, Acknowledged>();
  readonly deleted = new Set<string>();
  /** Names of those who were answered 202. */
  readonly accepted: string[] = [];
  /** Of the group that all clients add to. */
  readonly members = new Set<string>();
  readonly tally: Tally = {};
  deactivated = 0;
  /** Of the identity provider. */
  requests = 0;
  reads = 0;
  readonly events: EventMessage[] = [];

  constructor(balancer: Balancer, credentials: Credentials) {
    this.#balancer = balancer;
    this.#credentials = credentials;
  }

  /** One request, whose answer must have this status. */
  async ask(status: number, request: Request, options?: ScimRequestOptions): Promise<ScimAnswer> {
    const [method, path, body] = request;
    const scim = createScimClient(`${this.#next()}/scim/v2`, this.#credentials.token);
    const answer = await scim(method, path, body, options);
    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    if (method === "GET") this.countReads(1);
    else this.requests += 1;
    return answer;
  }

  countReads(number: number): void {
    this.requests += number;
    this.reads += number;
  }

  /** A write, for the tally. */
  async write(status: number, request: Request, options?: ScimRequestOptions): Promise<ScimAnswer> {
    const [method, path] = request;
    const answer = await this.ask(status, request, options);
    const operation = { POST: "create", PATCH: "patch", DELETE: "delete" }[method] ?? method;
    this.count(operation, path.startsWith("/Users") ? "User" : "Group", status < 400 ? "applied" : "refused");
    return answer;
  }

  count(operation: string, type: string, result: string): void {
    const key = `${operation} ${type} ${result}`;
    this.tally[key] = (this.tally[key] ?? 0) + 1;
  }

  async check(userName: string): Promise<object> {
    const product = createProductClient(this.#next(), this.#credentials.productKey);
    const { status, body } = await product("POST", "/login-check", { userName });
    if (status !== 200) throw new Error(`login-check: ${status} ${JSON.stringify(body)}`);
    return body as object;
  }

  async createUser(userName: string, more: object = {}): Promise<string> {
    const { body } = await this.write(201, ["POST", "/Users", { schemas: [USER], userName, ...more }]);
    this.#acknowledge(body);
    return body.id;
  }

  async createGroup(displayName: string): Promise<string> {
    return (await this.write(201, ["POST", "/Groups", { schemas: [GROUP], displayName }])).body.id;
  }

  async addMembers(groupId: string, ...ids: readonly string[]): Promise<void> {
    const value = ids.map((id) => ({ value: id }));
    await this.write(204, ["PATCH", `/Groups/${groupId}`, patch({ op: "add", path: "members", value })]);
  }

  async change(id: string, path: string, value: unknown): Promise<void> {
    this.#acknowledge(
      (await this.write(200, ["PATCH", `/Users/${id}`, patch({ op: "replace", path, value })])).body,
    );
  }

  async deactivate(id: string): Promise<void> {
    await this.change(id, "active", false);
    this.deactivated += 1;
  }

  /** @param groupId - of the group that all add to; @param cursor - after which the product follows */
  start(groupId: string, cursor: string): void {
    const watched = (work: () => Promise<void>): Promise<void> =>
      work().catch((error: unknown) => {
        this.#unexpected.push(error instanceof Error ? `${error.message} ${String(error.cause)}` : "?");
      });
    this.#clients = this.#rounds.map((_, client) => watched(() => this.#provision(client, groupId)));
    this.#follower = watched(() => this.#follow(cursor));
  }

  /** Resolves when each client has gone through everything a few times since. @throws {Error} on a wrong answer */
  async goOn(): Promise<void> {
    const before = [...this.#rounds];
    await waitFor(() => {
      this.#assertRight();
      return this.#rounds.every((rounds, client) => rounds >= (before[client] ?? 0) + 4);
    }, UNDER_LOAD_MS);
  }

  /** @param applied - resolves when what was answered 202 has been applied: the product follows until then */
  async end(applied: () => Promise<void>): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    await applied();
    this.#isTold = true;
    await this.#follower;
    this.#assertRight();
  }

  #assertRight(): void {
    if (this.#unexpected.length > 0) throw new Error(this.#unexpected.join("\n"));
  }

  #next(): string {
    const { apis } = this.#balancer;
    this.#turn += 1;
    return apis[this.#turn % apis.length] ?? "";
  }

  async #provision(client: number, groupId: string): Promise<void> {
    for (let round = 1; !this.#isOver; round += 1) {
      await this.#round(`user-${client}-${round}`, round, groupId);
      this.#rounds[client] = round;
      await sleep(PAUSE_MS);
    }
  }

  async #round(name: string, round: number, groupId: string): Promise<void> {
    const userName = `${name}@contoso.com`;
    const id = await this.createUser(userName, { title: "new" });
    await this.#lookUp(userName, id);
    await this.change(id, "title", `of round ${round}`);
    await this.addMembers(groupId, id);
    this.members.add(id);
    if (round % 2 === 0) await this.deactivate(id);
    await this.#expectCheck(userName, round % 2 === 0 ? "deactivated" : "active");
    if (round % 3 === 0) await this.#refused(userName);
    if (round % 4 === 0) await this.#accept(`${name}-later@contoso.com`);
    if (round % 5 === 0) await this.#delete(id);
  }

  async #lookUp(userName: string, id: string): Promise<void> {
    const { body } = await this.ask(200, ["GET", `/Users${filterQuery(`userName eq "${userName}"`)}`]);
    const found = body.Resources.map((user) => user.id);
    if (found.join() !== id) throw new Error(`${userName} is ${id}, and was found as ${found.join()}`);
  }

  async #expectCheck(userName: string, reason: string): Promise<void> {
    const answer = await this.check(userName);
    if ((answer as { reason?: string }).reason !== reason)
      throw new Error(`${userName} is ${reason}, and the check says ${JSON.stringify(answer)}`);
  }

  async #refused(userName: string): Promise<void> {
    await this.write(409, ["POST", "/Users", { schemas: [USER], userName, title: "again" }]);
  }

  async #accept(userName: string): Promise<void> {
    const headers = { Prefer: "respond-async" };
    await this.write(202, ["POST", "/Users", { schemas: [USER], userName }], { headers });
    this.accepted.push(userName);
  }

  async #delete(id: string): Promise<void> {
    await this.write(204, ["DELETE", `/Users/${id}`]);
    await this.ask(404, ["GET", `/Users/${id}`]);
    this.deleted.add(id);
    this.users.delete(id);
    this.members.delete(id);
  }

  /** As a product that polls: from where the last page ended, wherever that page came from. */
  async #follow(start: string): Promise<void> {
    for (let cursor = start; ;) {
      const wasTold = this.#isTold;
      const product = createProductClient(this.#next(), this.#credentials.productKey);
      const { status, body } = await product("GET", `/events?after=${cursor}&wait=1&limit=500`);
      if (status !== 200) throw new Error(`events: ${status} ${JSON.stringify(body)}`);
      const page = body as { events: EventMessage[]; cursor: string };
      this.events.push(...page.events);
      if (wasTold && page.events.length === 0) return;
      ({ cursor } = page);
    }
  }

  #acknowledge({ id, userName = "", title = "", active = true, meta }: ScimAnswer["body"]): void {
    this.users.set(id, { userName, title, active, version: meta.version });
  }
}
