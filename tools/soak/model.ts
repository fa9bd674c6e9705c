/**
 * The sequential specification: what a resource is after an operation, and what its client is told, when operations
 * come one at a time. RFC 7644 sections 3.3 to 3.6 and 3.14, as far as the soak's clients use them.
 */
import type { Change, Content, Input, Output } from "./history.ts";

/** An object over its life: the resource that is there now, and what was done to it and to those before it. */
export interface State {
  readonly resource: Resource | null;
  readonly counts: Counts;
}

export interface Resource extends Content {
  readonly id: string;
  readonly version: number;
}

/** What the cycles of the service must add up to. */
export interface Counts {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly membersAdded: number;
  readonly membersRemoved: number;
}

export const NO_COUNTS: Counts = { created: 0, updated: 0, deleted: 0, membersAdded: 0, membersRemoved: 0 };
export const NOTHING: State = { resource: null, counts: NO_COUNTS };

export interface Step {
  readonly state: State;
  readonly status: number;
}

/**
 * @param id - of the resource that a create makes: the service chooses it, and says so in its answer
 */
export function step(state: State, input: Input, id: string | undefined): Step {
  const { resource } = state;
  if (input.kind === "create") return create(state, input.content, id);
  if (!resource || !isSameId(resource.id, input.id)) return { state, status: 404 };
  if (input.kind === "read") return { state, status: 200 };
  if (input.ifMatch !== undefined && input.ifMatch !== resource.version) return { state, status: 412 };
  switch (input.kind) {
    case "delete": {
      const counts = { ...state.counts, deleted: state.counts.deleted + 1 };
      return { state: { resource: null, counts }, status: 204 };
    }
    case "replace":
      return { state: changed(state, resource, input.content), status: 200 };
    case "patch": {
      const status = resource.members === undefined ? 200 : 204;
      return { state: changed(state, resource, patched(resource, input.change)), status };
    }
  }
}

/** Does the answer fit the resource as it is? What the answer leaves out fits always. */
export function fits(output: Output, { resource }: State): boolean {
  const { id, version, content } = output;
  if (id === undefined && version === undefined && content === undefined) return true;
  if (!resource) return false;
  if (id !== undefined && !isSameId(resource.id, id)) return false;
  if (version !== undefined && version !== resource.version) return false;
  return content === undefined || isEqual(content, resource);
}

/** A create that was never answered may have made a resource whose id nobody was told. */
const UNKNOWN_ID = "unknown";

function isSameId(held: string, named: string): boolean {
  return held === named || held === UNKNOWN_ID;
}

function create(state: State, content: Content, id: string | undefined): Step {
  if (state.resource) return { state, status: 409 };
  const { counts } = state;
  const members = content.members ? { members: sorted(content.members) } : {};
  return {
    state: {
      resource: { id: id ?? UNKNOWN_ID, version: 1, fields: content.fields, ...members },
      counts: {
        ...counts,
        created: counts.created + 1,
        membersAdded: counts.membersAdded + (content.members?.length ?? 0),
      },
    },
    status: 201,
  };
}

/** What changes nothing keeps its version. */
function changed(state: State, before: Resource, after: Content): State {
  if (isEqual(before, after)) return state;
  const [had, has] = [new Set(before.members), new Set(after.members)];
  const { counts } = state;
  return {
    resource: { ...before, ...after, version: before.version + 1 },
    counts: {
      ...counts,
      updated: counts.updated + 1,
      membersAdded: counts.membersAdded + [...has].filter((member) => !had.has(member)).length,
      membersRemoved: counts.membersRemoved + [...had].filter((member) => !has.has(member)).length,
    },
  };
}

function patched(resource: Resource, { fields, add = [], remove = [] }: Change): Content {
  const content = { fields: { ...resource.fields, ...fields } };
  if (resource.members === undefined) return content;
  const members = new Set([...resource.members, ...add]);
  for (const member of remove) members.delete(member);
  return { ...content, members: sorted([...members]) };
}

function isEqual(one: Content, other: Content): boolean {
  return textOf(one) === textOf(other);
}

/** Equal for equal content, whatever the order in which it was written down. */
function textOf({ fields, members }: Content): string {
  const entries = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([entries, members ? sorted(members) : null]);
}

function sorted(members: readonly string[]): readonly string[] {
  return [...new Set(members)].sort();
}
