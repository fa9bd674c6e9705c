/** What a command's payload says, after its journey through the queue. */
import { z } from "zod";
import {
  type CanonicalBody,
  memberChanges,
  type MemberChange,
  type Patch,
  type Resource,
} from "../scim/index.ts";
import type { WriteCommand } from "../queue/contracts.ts";

// What a resource holds was checked by `readBody` and `readPatch`; looked at again, each would be copied.
const Body = z.object({
  resource: z.custom<Resource>((value) => typeof value === "object" && value !== null),
  members: z.array(z.unknown()).optional(),
  /** Absent from the commands of older api processes, which then assert everything. */
  unasserted: z.array(z.string()).optional(),
});
const PatchPayload = z.object({ operations: z.array(z.unknown()) });

/** Of a create or a replacement. */
export function bodyOf(command: WriteCommand): CanonicalBody {
  return Body.parse(command.payload) as CanonicalBody;
}

export function patchOf(command: WriteCommand): Patch {
  return PatchPayload.parse(command.payload) as unknown as Patch;
}

/** The membership changes a command asks for; a replaced group has the members it was sent, and no others. */
export function membershipChanges(command: WriteCommand): readonly MemberChange[] {
  if (command.resourceType !== "Group") return [];
  switch (command.operation) {
    case "delete":
      return [];
    case "patch":
      return memberChanges(patchOf(command));
    case "create":
      return [{ kind: "add", members: bodyOf(command).members ?? [] }];
    case "replace":
      return [{ kind: "replace", members: bodyOf(command).members ?? [] }];
  }
}
