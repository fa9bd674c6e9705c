/** What a batch knows of a write, from its command to its end. */
import type { ScimError } from "../scim/index.ts";
import type { Applied, Draft } from "./apply-write.ts";
import type { PendingWrite } from "./group-commit.ts";

export interface BatchEntry extends PendingWrite {
  readonly draft: Draft;
  /** The id under which it is recorded: its own, or that of the unanswered write it takes up. */
  readonly recordAs: string;
  result: Applied | ScimError;
}
