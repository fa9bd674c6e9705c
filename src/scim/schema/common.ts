/** Attributes every resource has (RFC 7643 section 3.1), and the sub-attributes multi-valued ones share (section 2.4). */
import type { AttributeData } from "./attribute.ts";

// An index entry in Postgres holds about 2,700 bytes: 500 UTF-16 units are at most 1,500 bytes.
export const INDEXED_CHARS_MAX = 500;

export const COMMON_ATTRIBUTES: readonly AttributeData[] = [
  {
    name: "schemas",
    description: "URIs of the schemas whose attributes the resource has.",
    type: "reference",
    referenceTypes: ["uri"],
    multiValued: true,
    required: true,
    mutability: "readOnly",
    returned: "always",
  },
  {
    name: "id",
    description: "Identifier of the resource, issued by the service and never reused.",
    caseExact: true,
    mutability: "readOnly",
    returned: "always",
    uniqueness: "server",
  },
  {
    name: "externalId",
    description: "Identifier of the resource in the identity provider.",
    caseExact: true,
    charsMax: INDEXED_CHARS_MAX,
  },
  {
    name: "meta",
    description: "Metadata of the resource, kept by the service.",
    type: "complex",
    mutability: "readOnly",
    subAttributes: [
      {
        name: "resourceType",
        description: "Name of the resource type.",
        caseExact: true,
        mutability: "readOnly",
      },
      {
        name: "created",
        description: "When the resource was created.",
        type: "dateTime",
        mutability: "readOnly",
      },
      {
        name: "lastModified",
        description: "When the resource last changed.",
        type: "dateTime",
        mutability: "readOnly",
      },
      {
        name: "location",
        description: "URI of the resource.",
        type: "reference",
        referenceTypes: ["uri"],
        mutability: "readOnly",
      },
      {
        name: "version",
        description: "Version of the resource, the same as its ETag.",
        caseExact: true,
        mutability: "readOnly",
      },
    ],
  },
];

export const PRIMARY: AttributeData = {
  name: "primary",
  description: "Whether this is the preferred value; true at most once.",
  type: "boolean",
};

export const DISPLAY: AttributeData = { name: "display", description: "Name to show for the value." };

/** The label of a value, with the values that are common. Others are accepted (RFC 7643 section 2.3.1). */
export function label(description: string, canonicalValues: readonly string[] = []): AttributeData {
  return { name: "type", description, ...(canonicalValues.length > 0 && { canonicalValues }) };
}
