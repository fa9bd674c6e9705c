/** A tenant's extensions as JSON: checked when an admin gives them, and when a row holds them. */
import { z } from "zod";
import { checkExtensions, type Extensions } from "../scim/index.ts";

const simple = {
  name: z.string(),
  description: z.string(),
  multiValued: z.boolean().optional(),
  required: z.boolean().optional(),
  caseExact: z.boolean().optional(),
  mutability: z.enum(["readOnly", "readWrite", "immutable", "writeOnly"]).optional(),
  returned: z.enum(["always", "never", "default", "request"]).optional(),
  uniqueness: z.enum(["none", "server", "global"]).optional(),
  canonicalValues: z.array(z.string()).optional(),
  referenceTypes: z.array(z.string()).optional(),
};

const TYPES = ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference"] as const;

// A misspelt characteristic would silently have its default, so unknown names are refused.
const SubAttribute = z.strictObject({ ...simple, type: z.enum([...TYPES, "complex"]).optional() });
const Attribute = z.strictObject({
  ...simple,
  type: z.enum([...TYPES, "complex"]).optional(),
  subAttributes: z.array(SubAttribute).optional(),
});

const Extension = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    /** Of the extension, as in a ResourceType's schemaExtensions. */
    required: z.boolean().optional(),
    attributes: z.array(Attribute),
    // What another server's /Schemas has besides.
    schemas: z.unknown().optional(),
    meta: z.unknown().optional(),
  })
  .transform(({ id, name, description, required, attributes }) => ({
    id,
    name,
    description,
    ...(required !== undefined && { required }),
    attributes,
  }));

const ExtensionsJson = z.strictObject({
  User: z.array(Extension).default([]),
  Group: z.array(Extension).default([]),
});

/** Extensions that cannot be taken; the message has a line for each reason. */
export class ExtensionsError extends Error {
  override readonly name = "ExtensionsError";
}

/** @throws {ExtensionsError} for what is not of the form, or breaks a rule of extensions */
export function parseExtensions(json: unknown): Extensions {
  const parsed = ExtensionsJson.safeParse(json);
  if (!parsed.success) throw new ExtensionsError(parsed.error.issues.map(sentence).join("\n"));
  const extensions = parsed.data as Extensions;
  const problems = checkExtensions(extensions);
  if (problems.length > 0) throw new ExtensionsError(problems.join("\n"));
  return extensions;
}

function sentence({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return `${place.replace(/^\./, "") || "the file"}: ${message}`;
}
