/** The body of a PUT over a resource → what the resource is afterwards. RFC 7644 section 3.5.1. */
import type { Model } from "../schema/registry.ts";
import { assertLasting, keepLasting } from "./extension-rules.ts";
import { changedAttributes } from "./render.ts";
import type { CanonicalBody, Resource } from "./resource.ts";

export interface Replaced {
  readonly resource: Resource;
  /** Names of what differs afterwards; empty when the PUT changed nothing. */
  readonly changed: readonly string[];
}

/**
 * What a client left out is gone, but for what clients cannot empty and what they left to the server.
 * @throws {ScimError} mutability for an attribute that was set before and is now another
 */
export function applyReplace(model: Model, before: Resource, body: CanonicalBody): Replaced {
  const kept = (body.unasserted ?? []).filter((name) => before[name] !== undefined);
  const asked = { ...body.resource, ...Object.fromEntries(kept.map((name) => [name, before[name]])) };
  const resource = keepLasting(model, before, asked);
  const changed = changedAttributes(before, resource);
  if (changed.length > 0) assertLasting(model, before, resource);
  return { resource, changed };
}
