/** What a batch knows of a write, from its command to its end. */
import type { ScimError } from "../scim/index.ts";
import type { Applied, Draft } from "./apply-write.ts";
import type { FreshWrite } from "./recall.ts";

export interface BatchEntry extends FreshWrite {
  readonly draft: Draft;
  result: Applied | ScimError;
}
