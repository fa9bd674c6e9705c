/** Every group of checks, in the order in which they run. */
import type { CheckGroup } from "../check.ts";
import { bulk, passwords } from "./bulk.ts";
import { create } from "./create.ts";
import { discovery } from "./discovery.ts";
import { entraCreate } from "./entra-create.ts";
import { entraGroups } from "./entra-groups.ts";
import { entraPatch } from "./entra-patch.ts";
import { filter } from "./filter.ts";
import { groups } from "./groups.ts";
import { httpRules } from "./http-rules.ts";
import { paged, sorted } from "./lists.ts";
import { patchAdd } from "./patch-add.ts";
import { patchMessage } from "./patch-message.ts";
import { patchRemove } from "./patch-remove.ts";
import { patchReplace } from "./patch-replace.ts";
import { projected, versioned } from "./projection.ts";
import { read } from "./read.ts";
import { replace, unique } from "./replace.ts";
import { cursor, search } from "./search.ts";

export const GROUPS: readonly CheckGroup[] = [
  discovery,
  httpRules,
  create,
  read,
  replace,
  unique,
  patchAdd,
  patchReplace,
  patchRemove,
  patchMessage,
  filter,
  paged,
  sorted,
  search,
  cursor,
  projected,
  versioned,
  groups,
  bulk,
  passwords,
  entraCreate,
  entraPatch,
  entraGroups,
];
