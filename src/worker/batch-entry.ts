/** What a batch knows of a write, from its command to its end. */
import { ScimError } from "../scim/index.ts";
import { HELD_CODE } from "../queue/outcome-of-row.ts";
import type { Applied, Draft } from "./apply-write.ts";
import type { FreshWrite } from "./recall.ts";

export interface BatchEntry extends FreshWrite {
  readonly draft: Draft;
  result: Applied | ScimError;
}

/** Whether the request was turned down for what it asks, and not held by the deactivation guard. */
export function isRefusal(result: BatchEntry["result"]): result is ScimError {
  return result instanceof ScimError && result.code !== HELD_CODE;
}
