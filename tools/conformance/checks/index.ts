/** Every group of checks, in the order in which they run. */
import type { CheckGroup } from "../check.ts";
import { discovery } from "./discovery.ts";
import { entraPatch } from "./entra-patch.ts";
import { patchAdd } from "./patch-add.ts";
import { patchMessage } from "./patch-message.ts";
import { patchRemove } from "./patch-remove.ts";
import { patchReplace } from "./patch-replace.ts";

export const GROUPS: readonly CheckGroup[] = [
  discovery,
  patchAdd,
  patchReplace,
  patchRemove,
  patchMessage,
  entraPatch,
];
