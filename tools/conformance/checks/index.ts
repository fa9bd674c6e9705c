/** Every group of checks, in the order in which they run. */
import type { CheckGroup } from "../check.ts";
import { discovery } from "./discovery.ts";

export const GROUPS: readonly CheckGroup[] = [discovery];
