/** What an attribute is. Schemas are data made of these; everything else in the core reads them. RFC 7643 section 7. */

export type AttributeType =
  "string" | "boolean" | "decimal" | "integer" | "dateTime" | "binary" | "reference" | "complex";
export type Mutability = "readOnly" | "readWrite" | "immutable" | "writeOnly";
export type Returned = "always" | "never" | "default" | "request";
export type Uniqueness = "none" | "server" | "global";

/** An attribute as a schema states it: what is left out has the default of RFC 7643 section 2.2. */
export interface AttributeData {
  readonly name: string;
  readonly description: string;
  readonly type?: AttributeType;
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly caseExact?: boolean;
  readonly mutability?: Mutability;
  readonly returned?: Returned;
  readonly uniqueness?: Uniqueness;
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly AttributeData[];
  /** Longest value in UTF-16 units. Ours, not the RFC's, so it is not published. */
  readonly charsMax?: number;
}

export interface Attribute extends AttributeData {
  readonly type: AttributeType;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: Mutability;
  readonly returned: Returned;
  readonly uniqueness: Uniqueness;
  readonly charsMax: number;
  readonly subAttributes: readonly Attribute[];
  /** The name in lower case: names are compared without letter case (RFC 7643 section 2.1). */
  readonly key: string;
  readonly subByKey: ReadonlyMap<string, Attribute>;
}

export interface SchemaData {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Of an extension: whether every resource of its type must have it. */
  readonly required?: boolean;
  readonly attributes: readonly AttributeData[];
}

export interface Schema extends SchemaData {
  readonly required: boolean;
  readonly attributes: readonly Attribute[];
  /** The URN in lower case. */
  readonly key: string;
  readonly byKey: ReadonlyMap<string, Attribute>;
}

const STRING_CHARS_MAX = 65_536; // More than any directory attribute, little enough for a row.

export function defineSchema(source: SchemaData): Schema {
  const attributes = source.attributes.map(defineAttribute);
  return {
    ...source,
    required: source.required ?? false,
    attributes,
    key: source.id.toLowerCase(),
    byKey: byKey(attributes),
  };
}

export function defineAttribute(source: AttributeData): Attribute {
  const type = source.type ?? "string";
  const subAttributes = (source.subAttributes ?? []).map(defineAttribute);
  return {
    ...source,
    type,
    multiValued: source.multiValued ?? false,
    required: source.required ?? false,
    caseExact: source.caseExact ?? (type === "binary" || type === "reference"),
    mutability: source.mutability ?? "readWrite",
    returned: source.returned ?? "default",
    uniqueness: source.uniqueness ?? "none",
    charsMax: source.charsMax ?? STRING_CHARS_MAX,
    subAttributes,
    key: source.name.toLowerCase(),
    subByKey: byKey(subAttributes),
  };
}

function byKey(attributes: readonly Attribute[]): ReadonlyMap<string, Attribute> {
  return new Map(attributes.map((attribute) => [attribute.key, attribute]));
}
