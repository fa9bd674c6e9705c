/**
 * Resource types and the look-up of their attributes, without regard to letter case, with or without URN. Which
 * attributes there are is a value: a tenant's own extensions are further schemas, handed to `defineModels` once for
 * each version of them, so that the maps are not made again for each request.
 */
import type { ResourceType } from "../resource/resource.ts";
import { type Attribute, defineAttribute, defineSchema, type Schema, type SchemaData } from "./attribute.ts";
import { COMMON_ATTRIBUTES } from "./common.ts";
import { GROUP } from "./group.ts";
import { ENTERPRISE_USER, PRODUCT_USER, USER } from "./user.ts";

/** An attribute and where it stands: at the top of the resource, or under its extension's URN. */
export interface Located {
  readonly attribute: Attribute;
  readonly extension: Schema | undefined;
}

export interface Model {
  readonly type: ResourceType;
  readonly description: string;
  readonly core: Schema;
  readonly extensions: readonly Schema[];
  readonly extensionByKey: ReadonlyMap<string, Schema>;
  /** The extensions that every resource must have, or that have attributes which must be there when they are. */
  readonly demanding: readonly Schema[];
  /** Attributes of extensions that do not change once they are set, as a whole or in a part. */
  readonly lasting: readonly Located[];
  /** The core's attributes in the order of an answer, between `id` and the extensions. */
  readonly shown: readonly Located[];
  /** Every attribute by its lower-cased name, and by its lower-cased URN and name. */
  readonly located: ReadonlyMap<string, Located>;
}

/** A tenant's own extensions, as data. */
export type Extensions = Readonly<Record<ResourceType, readonly SchemaData[]>>;

/** What a tenant's users and groups may have: the standard's attributes, and those of the tenant's own extensions. */
export type Models = Readonly<Record<ResourceType, Model>>;

const COMMON = COMMON_ATTRIBUTES.map(defineAttribute);

export const RESOURCE_TYPES: readonly ResourceType[] = ["User", "Group"];

/** Path segment of each type's endpoint: no extension changes it. */
export const ENDPOINTS: Readonly<Record<ResourceType, string>> = { User: "Users", Group: "Groups" };

/** The models of a tenant without extensions of its own. */
export const CORE_MODELS: Models = defineModels({ User: [], Group: [] });

/** @param extensions - the tenant's own, which come after the standard's */
export function defineModels(extensions: Extensions): Models {
  return {
    User: defineModel({
      type: "User",
      description: "User accounts",
      core: USER,
      // Last, so that a bare name means the tenant's own attribute where both have it.
      extensions: [ENTERPRISE_USER, ...extensions.User.map(defineSchema), PRODUCT_USER],
    }),
    Group: defineModel({
      type: "Group",
      description: "Groups",
      core: GROUP,
      extensions: extensions.Group.map(defineSchema),
    }),
  };
}

/**
 * Finds an attribute by name, or by URN and name. A bare name that only an extension has means the extension's:
 * Azure sends `manager` without its URN.
 */
export function locate(model: Model, name: string, urn?: string): Located | undefined {
  return model.located.get(qualifiedKey(name, urn));
}

export function qualifiedKey(name: string, urn?: string): string {
  return urn === undefined ? name.toLowerCase() : `${urn}:${name}`.toLowerCase();
}

/** The attribute's name as a client would write it, with its URN where it needs one. */
export function nameOf({ attribute, extension }: Located, sub?: Attribute): string {
  const name = extension ? `${extension.id}:${attribute.name}` : attribute.name;
  return sub ? `${name}.${sub.name}` : name;
}

function defineModel(source: Pick<Model, "type" | "description" | "core" | "extensions">): Model {
  const located = new Map<string, Located>();
  const { core, extensions } = source;
  const extended = extensions.flatMap((extension) =>
    extension.attributes.map((attribute) => ({ attribute, extension })),
  );
  for (const place of extended) {
    const { attribute, extension } = place;
    located.set(`${extension.key}:${attribute.key}`, place);
    if (!located.has(attribute.key)) located.set(attribute.key, place);
  }
  for (const attribute of [...COMMON, ...core.attributes]) {
    const place = { attribute, extension: undefined };
    located.set(`${core.key}:${attribute.key}`, place);
    located.set(attribute.key, place);
  }
  const names = ["externalId", ...core.attributes.map(({ name }) => name)];
  return {
    ...source,
    located,
    shown: names.flatMap((name) => located.get(name.toLowerCase()) ?? []),
    extensionByKey: new Map(extensions.map((schema) => [schema.key, schema])),
    demanding: extensions.filter(({ required, attributes }) => required || attributes.some(isDemanding)),
    lasting: extended.filter(({ attribute }) => isLasting(attribute)),
  };
}

function isDemanding({ required, subAttributes }: Attribute): boolean {
  return required || subAttributes.some((sub) => sub.required);
}

function isLasting({ mutability, subAttributes }: Attribute): boolean {
  if (mutability === "immutable" || mutability === "readOnly") return true;
  return subAttributes.some((sub) => sub.mutability === "immutable");
}
