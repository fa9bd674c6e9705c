/**
 * Identity providers that go on writing while a webhook's receiver is away: each has users and a group of its own, writes
 * one after the other, and sends again what was not answered. They count what was acknowledged.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ScimAnswer, ScimClient } from "../../test/support/scim-client.ts";

export interface OutageWriters {
  /** Acknowledged writes of each resource, by its id: each of them is an event. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** How often a request had to be sent again. */
  readonly repeated: () => number;
  /** Resolves once the writes under way are acknowledged. @throws {Error} when one was refused */
  stop(): Promise<void>;
}

export interface WritersOptions {
  readonly scim: ScimClient;
  readonly writers: number;
  /** Between the writes of one writer. */
  readonly pauseMs: number;
}

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USERS_EACH = 5;
const AGAIN_MS = 250;
// Every so many writes a writer's user leaves, and another joins.
const LEAVES_EVERY = 20;

export function startOutageWriters({ scim, writers, pauseMs }: WritersOptions): OutageWriters {
  const acknowledged = new Map<string, number>();
  let repeated = 0;
  let isStopped = false;

  /** Until it is answered for good. */
  async function send(method: string, path: string, body?: object): Promise<ScimAnswer> {
    for (;;) {
      const answer = await scim(method, path, body).catch(() => undefined);
      if (answer !== undefined && answer.status < 300) return answer;
      if (answer !== undefined && answer.status !== 429 && answer.status < 500)
        throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      repeated += 1;
      await sleep(AGAIN_MS);
    }
  }

  async function write(id: string | undefined, ...request: Parameters<typeof send>): Promise<string> {
    const { body } = await send(...request);
    const resource = id ?? body.id;
    acknowledged.set(resource, (acknowledged.get(resource) ?? 0) + 1);
    await sleep(pauseMs);
    return resource;
  }

  const hire = (name: string): Promise<string> =>
    write(undefined, "POST", "/Users", { schemas: [USER], userName: `${name}@outage.example` });

  async function work(writer: number): Promise<void> {
    const group = await write(undefined, "POST", "/Groups", { schemas: [GROUP], displayName: `g${writer}` });
    const users: string[] = [];
    for (let n = 0; n < USERS_EACH; n += 1) users.push(await hire(`w${writer}-${n}`));
    for (let step = 0; !isStopped; step += 1) {
      const at = step % USERS_EACH;
      const id = users[at] ?? "";
      const path = `/Users/${id}`;
      await write(id, "PATCH", path, patch({ op: "replace", path: "title", value: `step ${step}` }));
      const op = Math.floor(step / USERS_EACH) % 2 === 0 ? "add" : "remove";
      const member =
        op === "add" ? { path: "members", value: [{ value: id }] } : { path: `members[value eq "${id}"]` };
      if (op === "add" || step % LEAVES_EVERY !== LEAVES_EVERY - 1)
        await write(group, "PATCH", `/Groups/${group}`, patch({ op, ...member }));
      else {
        // Its membership goes with it, without an event.
        await write(id, "DELETE", path);
        users[at] = await hire(`w${writer}-${step}-again`);
      }
    }
  }

  const working = Promise.all(Array.from({ length: writers }, (_unused, writer) => work(writer)));
  // Told by stop(); until then it is nobody's.
  working.catch(() => (isStopped = true));
  return {
    acknowledged,
    repeated: () => repeated,
    async stop() {
      isStopped = true;
      await working;
    },
  };
}

function patch(operation: object): object {
  return { schemas: [PATCH_OP], Operations: [operation] };
}
