/** What a call was refused with. */
import { ScimError } from "../../src/scim/index.ts";

/** @throws {Error} when nothing is refused, or anything but a ScimError is thrown */
export function refusalOf(work: () => unknown): ScimError {
  try {
    work();
  } catch (error) {
    if (error instanceof ScimError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
