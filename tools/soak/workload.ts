/**
 * What the clients do: they share a few users and groups, so that their operations meet. An object that has been
 * used for a while makes room for a new one, so that no history grows too long to be checked.
 *
 * Values come from small sets on purpose: a client then says the same again after something else, which must not be
 * taken for a retry.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, deriveSeed, type Random } from "../azure-ad/random.ts";
import { Client, type ClientSettings } from "./client.ts";
import type { Kind } from "./dialect.ts";
import type { Change, Content, Input, Output } from "./history.ts";

export interface WorkloadSettings extends Pick<
  ClientSettings,
  "history" | "isAlwaysLate" | "onSent" | "ports"
> {
  readonly seed: number;
  /** One client for each. */
  readonly tokens: readonly string[];
}

export interface Workload {
  /** Ends when every operation under way has its answer, or the grace is over. */
  stop(graceMs: number): Promise<void>;
}

interface Shared {
  readonly kind: Kind;
  readonly object: string;
  /** Its place, and how many were there before it. */
  readonly serial: string;
  /** As the clients know them from answers; a guess, since others change them meanwhile. */
  id: string | undefined;
  version: number | undefined;
  used: number;
}

const USERS = 16;
const GROUPS = 5;
const MEMBERS = 8;
const USES_MAX = 120;
const PAUSE_MS = 25;
const TITLES = ["Clerk", "Lead", "Head"];
const LABELS = ["red", "green", "blue"];

/** Creates the users that groups hold, then sets the clients going. */
export async function startWorkload(settings: WorkloadSettings): Promise<Workload> {
  const [ending, givingUp] = [new AbortController(), new AbortController()];
  const clients = settings.tokens.map((token, index) => {
    const random = createRandom(deriveSeed(settings.seed, `client ${index}`));
    const client = new Client({ ...settings, token, random, name: `c${index}`, signal: givingUp.signal });
    return { client, random };
  });
  const members = await createMembers(clients[0]?.client);
  const world = createWorld(members);
  const running = clients.map(async ({ client, random }) => {
    while (!ending.signal.aborted) {
      await useOne(client, random, world);
      await sleep(random.below(PAUSE_MS));
    }
  });
  return {
    async stop(graceMs) {
      ending.abort();
      const timer = setTimeout(() => givingUp.abort(), graceMs);
      await Promise.all(running);
      clearTimeout(timer);
      for (const { client } of clients) client.close();
    },
  };
}

async function createMembers(client: Client | undefined): Promise<readonly string[]> {
  const members: string[] = [];
  for (let index = 0; index < MEMBERS; index += 1) {
    const content = { fields: { title: "Member", active: true } };
    const output = await client?.perform(
      { kind: "User", object: `member-${index}@soak.example` },
      { kind: "create", content },
    );
    if (output?.id === undefined) throw new Error("the users that groups hold could not be created");
    members.push(output.id);
  }
  return members;
}

interface World {
  readonly objects: Shared[];
  readonly members: readonly string[];
}

function createWorld(members: readonly string[]): World {
  const objects = [...Array<Kind>(USERS).fill("User"), ...Array<Kind>(GROUPS).fill("Group")];
  return { members, objects: objects.map((kind, place) => createObject(kind, `${place}-1`)) };
}

function createObject(kind: Kind, serial: string): Shared {
  const object = kind === "User" ? `user-${serial}@soak.example` : `group ${serial}`;
  return { kind, object, serial, id: undefined, version: undefined, used: 0 };
}

/** The object that takes this one's place: its serial is the next. */
function successorOf({ kind, serial }: Shared): Shared {
  const [place, number] = serial.split("-");
  return createObject(kind, `${place ?? ""}-${Number(number) + 1}`);
}

async function useOne(client: Client, random: Random, { objects, members }: World): Promise<void> {
  const place = random.below(objects.length);
  const shared = objects[place];
  if (!shared) return;
  shared.used += 1;
  if (shared.used > USES_MAX) objects[place] = successorOf(shared);
  const input = chooseInput(shared, random, members);
  if (input === undefined) return;
  // Of two creates of a group, one of which never arrived, the second to arrive rightly makes a second group.
  const mayBeTwice = input.kind !== "read" && !(input.kind === "create" && shared.kind === "Group");
  const isTwice = mayBeTwice && random.chance(0.08);
  const output = await (isTwice ? client.performTwice(shared, input) : client.perform(shared, input));
  if (output) learn(shared, input, output);
}

function chooseInput(shared: Shared, random: Random, members: readonly string[]): Input | undefined {
  const { kind, id, version } = shared;
  if (id === undefined) {
    // A group's name is not unique: two clients would make two groups. So one client makes it, the others wait.
    if (kind === "Group" && shared.used > 1) return undefined;
    return { kind: "create", content: contentOf(kind, random, members) };
  }
  const ifMatch = random.chance(0.3) && version !== undefined ? { ifMatch: version } : {};
  switch (pickKind(SHARES[kind], random)) {
    case "read":
      return { kind: "read", id };
    case "create":
      return { kind: "create", content: contentOf(kind, random, members) };
    case "delete":
      return { kind: "delete", id, ...ifMatch };
    case "replace":
      return { kind: "replace", id, content: contentOf(kind, random, members), ...ifMatch };
    case "patch":
      return { kind: "patch", id, change: changeOf(kind, random, members), ...ifMatch };
  }
}

/** How often each operation is chosen, of 100. A second create of a group would be no refusal but a second group. */
const SHARES: Readonly<Record<Kind, Readonly<Record<Input["kind"], number>>>> = {
  User: { read: 20, create: 8, delete: 8, replace: 14, patch: 50 },
  Group: { read: 20, create: 0, delete: 2, replace: 18, patch: 60 },
};

function pickKind(shares: Readonly<Record<Input["kind"], number>>, random: Random): Input["kind"] {
  const kinds = Object.entries(shares) as [Input["kind"], number][];
  return random.pick(kinds.flatMap(([kind, share]) => Array<Input["kind"]>(share).fill(kind)));
}

function contentOf(kind: Kind, random: Random, members: readonly string[]): Content {
  if (kind === "User") return { fields: { title: random.pick(TITLES), active: random.chance(0.7) } };
  return {
    fields: { externalId: random.pick(LABELS) },
    members: random.sample(members, random.below(5)).sort(),
  };
}

function changeOf(kind: Kind, random: Random, members: readonly string[]): Change {
  const chance = random.next();
  if (kind === "User") {
    if (chance < 0.4) return { fields: { active: random.chance(0.5) } };
    return { fields: { title: random.pick(TITLES), ...(chance < 0.6 && { active: random.chance(0.5) }) } };
  }
  if (chance < 0.4) return { add: random.sample(members, 1 + random.below(3)) };
  if (chance < 0.8) return { remove: random.sample(members, 1 + random.below(2)) };
  return { fields: { externalId: random.pick(LABELS) } };
}

function learn(shared: Shared, input: Input, output: Output): void {
  if (input.kind === "delete" && output.status === 204) {
    if (shared.id === input.id) shared.id = shared.version = undefined;
    // Nobody makes a group of that name again.
    if (shared.kind === "Group") shared.used = USES_MAX;
    return;
  }
  if (input.kind === "create" && output.id !== undefined) shared.id = output.id;
  if (output.status < 300 && output.version !== undefined) shared.version = output.version;
}
