/** Refuses, in a filter, what the dialect does not take. RFC 7644 section 3.4.2.2. */
import { term } from "../errors.ts";
import type { Filter, Literal } from "../filter/ast.ts";
import { parseFilter } from "../filter/parse.ts";
import type { Reading } from "../reading.ts";
import type { ResourceType } from "../resource/resource.ts";
import type { Attribute } from "../schema/attribute.ts";
import { locate, type Located, nameOf } from "../schema/registry.ts";
import { assertTolerated, type Dialect, tolerates, toleratesAll } from "./tolerances.ts";

/**
 * The filter of a query over resources of these types.
 * @param text - undefined where there is none, "" where it is there and empty
 * @throws {ScimError} invalidFilter with the position of the fault, or naming what the dialect does not take
 */
export function readFilter(
  text: string | undefined,
  types: readonly ResourceType[],
  { models, dialect }: Reading,
): Filter | undefined {
  if (text === "") assertTolerated(dialect, "empty-filter", term("filter"));
  if (text === undefined || text === "") return undefined;
  const filter = parseFilter(text, !tolerates(dialect, "unquoted-text"));
  if (!toleratesAll(dialect)) {
    for (const type of types) {
      checkFilter(dialect, filter, ({ name, urn }) => {
        const place = locate(models[type], name, urn);
        if (place?.extension && urn === undefined)
          assertTolerated(dialect, "bare-extension-names", term(nameOf(place)));
        return place;
      });
    }
  }
  return filter;
}

/** The filter within brackets, whose names are sub-attributes. */
export function checkElementFilter(dialect: Dialect, place: Located, filter: Filter): void {
  checkFilter(dialect, filter, ({ name }) => {
    const sub = place.attribute.subByKey.get(name.toLowerCase());
    return sub && { attribute: sub, extension: undefined };
  });
}

type Named = Extract<Filter, { readonly path: unknown }>["path"];

function checkFilter(
  dialect: Dialect,
  filter: Filter,
  locatedBy: (path: Named) => Located | undefined,
): void {
  switch (filter.kind) {
    case "and":
    case "or":
      for (const operand of filter.operands) checkFilter(dialect, operand, locatedBy);
      return;
    case "not":
      checkFilter(dialect, filter.operand, locatedBy);
      return;
    case "valuePath": {
      const place = locatedBy(filter.path);
      if (place) checkElementFilter(dialect, place, filter.filter);
      return;
    }
    case "present":
      locatedBy(filter.path);
      return;
    case "compare": {
      const attribute = comparedAttribute(locatedBy(filter.path)?.attribute, filter.path.sub);
      if (attribute && !isOfType(attribute, filter.value))
        assertTolerated(dialect, "filter-value-type", term(attribute.name));
      return;
    }
  }
}

function comparedAttribute(attribute: Attribute | undefined, sub: string | undefined): Attribute | undefined {
  if (sub !== undefined) return attribute?.subByKey.get(sub.toLowerCase());
  return attribute?.type === "complex" ? attribute.subByKey.get("value") : attribute;
}

function isOfType({ type }: Attribute, value: Literal): boolean {
  if (value === null) return true;
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
    case "decimal":
      return typeof value === "number";
    case "string":
    case "reference":
    case "binary":
    case "dateTime":
      return typeof value === "string";
    case "complex":
      return true;
  }
}
