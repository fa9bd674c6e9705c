/**
 * What a tenant's own extensions must keep to so that paths stay clear and every characteristic means what it says.
 * RFC 7643 sections 2, 6, 7 and 10.3.
 */
import type { ResourceType } from "../resource/resource.ts";
import { hasForbiddenCharacter } from "../resource/text.ts";
import { URNS } from "../urns.ts";
import { type Attribute, type AttributeData, defineAttribute, type SchemaData } from "./attribute.ts";
import { COMMON_ATTRIBUTES } from "./common.ts";
import { type Extensions, RESOURCE_TYPES } from "./registry.ts";

export const EXTENSION_LIMITS = {
  /** For each of User and Group. */
  extensions: 10,
  /** Of one extension, and sub-attributes of one attribute. */
  attributes: 100,
  urnChars: 200,
  nameChars: 100,
  descriptionChars: 1_000,
  /** Canonical values, or reference types, of one attribute; and the length of each. */
  values: 100,
  valueChars: 200,
} as const;

// What a filter, a path and a list of attributes can hold without quotes; it ends in what a colon may follow.
const URN = /^urn:[a-z0-9][a-z0-9-]{0,31}:[a-z0-9._~:-]*[a-z0-9_~-]$/i;
// RFC 7643 section 2.1.
const NAME = /^[A-Za-z][A-Za-z0-9$_-]*$/;
const COMMON_NAMES = new Set(COMMON_ATTRIBUTES.map(({ name }) => name.toLowerCase()));
const NO_TEXT = new Set(["boolean", "integer", "decimal", "dateTime"]);

/** @returns what is wrong, one sentence each, beginning with the place; nothing when all is well */
export function checkExtensions(extensions: Extensions): readonly string[] {
  const problems: string[] = [];
  const urns: string[] = Object.values(URNS).map((urn) => urn.toLowerCase());
  for (const type of RESOURCE_TYPES) {
    if (extensions[type].length > EXTENSION_LIMITS.extensions) {
      problems.push(
        `${type} has ${counted(extensions[type].length, "extension")}, at most ${String(EXTENSION_LIMITS.extensions)} are kept`,
      );
    }
    extensions[type].forEach((extension, index) => {
      const urn = extension.id.toLowerCase();
      const fault = urnFault(extension.id, urns);
      urns.push(urn);
      if (fault === undefined) problems.push(...checkExtension(extension, type));
      else problems.push(`${type}[${String(index)}].id: ${fault}`);
    });
  }
  return problems;
}

function urnFault(id: string, others: readonly string[]): string | undefined {
  const urn = id.toLowerCase();
  if (id.length > EXTENSION_LIMITS.urnChars || !URN.test(id)) {
    return `"${id}" is no URN that paths can hold: urn:<namespace>:<name>, of letters, digits, . _ ~ - and colons, ${String(EXTENSION_LIMITS.urnChars)} characters at most, such as urn:ietf:params:scim:schemas:extension:acme:2.0:User`;
  }
  if (others.includes(urn)) return `"${id}" is taken; every schema has a URN of its own, letter case aside`;
  const near = others.find((other) => urn.startsWith(`${other}:`) || other.startsWith(`${urn}:`));
  return near && `"${id}" and "${near}" begin alike, so a path could mean either; choose another URN`;
}

function checkExtension(extension: SchemaData, type: ResourceType): readonly string[] {
  const { id, name, description, required, attributes } = extension;
  const problems = [...textFaults({ name, description })];
  if (attributes.length === 0) problems.push("an extension has at least one attribute");
  if (required && !attributes.some((attribute) => attribute.required)) {
    problems.push(`required says that every ${type} must have it, so one of its attributes must be required`);
  }
  problems.push(...countFaults(attributes, "attribute"), ...duplicates(attributes));
  return [
    ...problems.map((problem) => `${id}: ${problem}`),
    ...attributes.flatMap((attribute) => [
      ...attributeFaults(attribute).map((problem) => `${id}:${attribute.name}: ${problem}`),
      ...subFaults(attribute).map((problem) => `${id}:${attribute.name}.${problem}`),
    ]),
  ];
}

function attributeFaults(attribute: AttributeData): readonly string[] {
  const { name, type = "string", subAttributes = [] } = attribute;
  const faults = [...nameFaults(name), ...simpleFaults(attribute)];
  if (COMMON_NAMES.has(name.toLowerCase()))
    faults.push(`every resource has an attribute ${name} already; choose another name`);
  if (type === "complex" && subAttributes.length === 0)
    faults.push("a complex attribute needs subAttributes");
  if (type !== "complex" && subAttributes.length > 0)
    faults.push(`only a complex attribute has subAttributes, and this one is of type ${type}`);
  faults.push(...countFaults(subAttributes, "sub-attribute"), ...duplicates(subAttributes));
  return faults;
}

/** Each begins with the name, as the rest of its place. */
function subFaults({ subAttributes = [] }: AttributeData): readonly string[] {
  return subAttributes.flatMap((sub) => {
    const { name } = sub;
    const faults = name === "$ref" ? [] : [...nameFaults(name)];
    if (sub.type === "complex" || (sub.subAttributes ?? []).length > 0)
      faults.push("a sub-attribute cannot be complex (RFC 7643 section 2.3.8)");
    if (sub.multiValued) faults.push("a sub-attribute has one value; make the attribute itself multi-valued");
    if (sub.returned === "never" || sub.mutability === "writeOnly")
      faults.push("only a whole attribute can be kept back (returned never, writeOnly)");
    if (sub.returned === "request" || sub.returned === "always")
      faults.push("a sub-attribute is returned with its attribute, so returned must be default");
    return [...faults, ...simpleFaults(sub)].map((fault) => `${name}: ${fault}`);
  });
}

/** What holds of attributes and sub-attributes alike, each with what is said when it does not. */
const RULES: readonly (readonly [
  isBroken: (attribute: Attribute) => boolean,
  fault: (attribute: Attribute) => string,
])[] = [
  [
    ({ uniqueness }) => uniqueness !== "none",
    ({ uniqueness }) => `uniqueness ${uniqueness} is kept for userName alone; write none, or leave it out`,
  ],
  [
    ({ caseExact, type }) => !caseExact && (type === "binary" || type === "reference"),
    ({ type }) => `values of type ${type} are always compared with their letter case; leave caseExact out`,
  ],
  [
    ({ caseExact, type }) => caseExact && NO_TEXT.has(type),
    ({ type }) => `caseExact is about text, and values of type ${type} are none`,
  ],
  [
    ({ canonicalValues = [], type }) => canonicalValues.length > 0 && type !== "string",
    ({ type }) => `canonicalValues are for type string, and this one is of type ${type}`,
  ],
  [
    ({ referenceTypes = [], type }) => referenceTypes.length > 0 && type !== "reference",
    ({ type }) => `referenceTypes are for type reference, and this one is of type ${type}`,
  ],
  [
    ({ referenceTypes = [], type }) => type === "reference" && referenceTypes.length === 0,
    () => "a reference needs referenceTypes: external, uri, User or Group",
  ],
  [
    ({ mutability, returned }) => mutability === "writeOnly" && returned !== "never",
    () => "a writeOnly attribute is never returned: write returned never (RFC 7643 section 7)",
  ],
  [
    ({ required, returned }) => required && returned === "never",
    () => "what is never returned is not kept, so it cannot be required",
  ],
  [
    ({ required, mutability }) => required && mutability === "readOnly",
    () => "a client cannot write what is readOnly, so it cannot be required",
  ],
];

function simpleFaults(source: AttributeData): readonly string[] {
  const attribute = defineAttribute(source);
  return [
    ...textFaults({ description: source.description }),
    ...RULES.filter(([isBroken]) => isBroken(attribute)).map(([, fault]) => fault(attribute)),
    ...valueFaults(source.canonicalValues ?? [], "canonicalValues"),
    ...valueFaults(source.referenceTypes ?? [], "referenceTypes"),
  ];
}

function nameFaults(name: string): readonly string[] {
  if (name.length > EXTENSION_LIMITS.nameChars || !NAME.test(name)) {
    return [
      `"${name}" is no attribute name: a letter, then letters, digits, $, _ and -, ${String(EXTENSION_LIMITS.nameChars)} at most (RFC 7643 section 2.1)`,
    ];
  }
  // Attributes are keys of plain objects, which have some from birth.
  return name in {} ? [`"${name}" has a meaning of its own in JavaScript; choose another name`] : [];
}

function duplicates(attributes: readonly AttributeData[]): readonly string[] {
  const keys = attributes.map(({ name }) => name.toLowerCase());
  const twice = attributes.filter(({ name }, index) => keys.indexOf(name.toLowerCase()) < index);
  return twice.map(({ name }) => `${name} is there twice; names differ in more than letter case`);
}

function countFaults(attributes: readonly AttributeData[], what: string): readonly string[] {
  if (attributes.length <= EXTENSION_LIMITS.attributes) return [];
  return [`${counted(attributes.length, what)}, at most ${String(EXTENSION_LIMITS.attributes)} are kept`];
}

function valueFaults(values: readonly string[], what: string): readonly string[] {
  const { values: valuesMax, valueChars } = EXTENSION_LIMITS;
  const isFaulty = (value: string): boolean =>
    value === "" || value.length > valueChars || hasForbiddenCharacter(value);
  if (values.length > valuesMax) return [`${what} are at most ${String(valuesMax)}`];
  return values.some(isFaulty) ? [`${what} have 1 to ${String(valueChars)} characters each, and no NUL`] : [];
}

function textFaults(texts: { readonly name?: string; readonly description: string }): readonly string[] {
  const { nameChars, descriptionChars } = EXTENSION_LIMITS;
  return [
    ...lengthFaults("name", texts.name ?? "-", nameChars),
    ...lengthFaults("description", texts.description, descriptionChars),
  ];
}

function lengthFaults(what: string, text: string, charsMax: number): readonly string[] {
  if (text.trim() !== "" && text.length <= charsMax && !hasForbiddenCharacter(text)) return [];
  return [`${what} has 1 to ${String(charsMax)} characters, and no NUL`];
}

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? "" : "s"}`;
}
