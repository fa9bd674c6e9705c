/** What a client's input is read by. Whatever reads input takes one of these, so that there is one thing to hand on. */
import type { Dialect } from "./dialect/tolerances.ts";
import { CORE_MODELS, type Models } from "./schema/registry.ts";

export interface Reading {
  /** The attributes that the client's tenant has. */
  readonly models: Models;
  /** How far from the standard the client may go. */
  readonly dialect: Dialect;
}

/** Of a client of which nothing is known. */
export const CORE_READING: Reading = { models: CORE_MODELS, dialect: "entra" };
