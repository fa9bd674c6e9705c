/** Group, as data. RFC 7643 sections 4.2 and 8.7.1. */
import { URNS } from "../urns.ts";
import { defineSchema } from "./attribute.ts";
import { INDEXED_CHARS_MAX } from "./common.ts";

export const GROUP = defineSchema({
  id: URNS.group,
  name: "Group",
  description: "A group of users.",
  attributes: [
    {
      name: "displayName",
      description: "Name of the group.",
      required: true, // By the text of section 4.2; the sample in section 8.7.1 says otherwise.
      charsMax: INDEXED_CHARS_MAX,
    },
    {
      name: "members",
      description: "Members of the group; may be added and removed, never changed in place.",
      type: "complex",
      multiValued: true,
      subAttributes: [
        { name: "value", description: "Identifier of the member.", caseExact: true, mutability: "immutable" },
        {
          name: "$ref",
          description: "URI of the member.",
          type: "reference",
          referenceTypes: ["User", "Group"],
          mutability: "immutable",
        },
        {
          name: "type",
          description: "Whether the member is a user or a group.",
          canonicalValues: ["User", "Group"],
          mutability: "immutable",
        },
        { name: "display", description: "Name of the member.", mutability: "readOnly" },
      ],
    },
  ],
});
