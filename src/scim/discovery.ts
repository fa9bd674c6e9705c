/** ServiceProviderConfig, ResourceTypes and Schemas, made from the schema data itself. RFC 7643 sections 5 to 7. */
import { BULK_OPERATIONS_MAX } from "./bulk/read-bulk.ts";
import type { Attribute, Schema } from "./schema/attribute.ts";
import { ENDPOINTS, type Models, RESOURCE_TYPES } from "./schema/registry.ts";
import { PROVISIONING_EVENTS } from "./security-events.ts";
import { URNS } from "./urns.ts";

export interface DiscoveryOptions {
  /** Address of the SCIM endpoint, without a slash at its end. */
  readonly baseUrl: string;
  /** Most resources that one answer holds. */
  readonly filterResultsMax: number;
  /** Resources that an answer holds when the client does not say how many. */
  readonly pageSizeDefault: number;
  readonly cursorTimeoutSeconds: number;
  readonly bulkPayloadBytesMax: number;
  readonly documentationUri?: string;
}

export interface DiscoveryResource {
  readonly id: string;
  readonly [attribute: string]: unknown;
}

export function serviceProviderConfig(options: DiscoveryOptions): object {
  return {
    schemas: [URNS.serviceProviderConfig],
    ...(options.documentationUri !== undefined && { documentationUri: options.documentationUri }),
    patch: { supported: true },
    bulk: {
      supported: true,
      maxOperations: BULK_OPERATIONS_MAX,
      maxPayloadSize: options.bulkPayloadBytesMax,
    },
    filter: { supported: true, maxResults: options.filterResultsMax },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: "index",
      defaultPageSize: options.pageSizeDefault,
      maxPageSize: options.filterResultsMax,
      cursorTimeout: options.cursorTimeoutSeconds,
    },
    // RFC 9967 section 4: a write goes on without its request where the client asks for that.
    securityEvents: {
      asyncRequest: "request",
      eventUris: [URNS.asyncResponseEvent, ...Object.values(PROVISIONING_EVENTS)],
    },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "OAuth Bearer Token",
        description: "The token that activating the integration shows once, as Authorization: Bearer.",
        specUri: "https://www.rfc-editor.org/info/rfc6750",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${options.baseUrl}/ServiceProviderConfig` },
  };
}

export function resourceTypes(models: Models, baseUrl: string): readonly DiscoveryResource[] {
  return RESOURCE_TYPES.map((type) => models[type]).map(({ type, description, core, extensions }) => ({
    schemas: [URNS.resourceType],
    id: type,
    name: type,
    endpoint: `/${ENDPOINTS[type]}`,
    description,
    schema: core.id,
    schemaExtensions: extensions.map(({ id, required }) => ({ schema: id, required })),
    meta: { resourceType: "ResourceType", location: `${baseUrl}/ResourceTypes/${type}` },
  }));
}

/** Every schema of every resource type. Azure reads these to offer attributes in its mapping, and takes no nulls. */
export function schemas(models: Models, baseUrl: string): readonly DiscoveryResource[] {
  return RESOURCE_TYPES.map((type) => models[type])
    .flatMap(({ core, extensions }) => [core, ...extensions])
    .map((schema) => published(schema, baseUrl));
}

function published({ id, name, description, attributes }: Schema, baseUrl: string): DiscoveryResource {
  return {
    schemas: [URNS.schema],
    id,
    name,
    description,
    attributes: attributes.map(publishedAttribute),
    meta: { resourceType: "Schema", location: `${baseUrl}/Schemas/${id}` },
  };
}

/** RFC 7643 section 7: each characteristic is written out, so that no client has to know the defaults. */
function publishedAttribute(attribute: Attribute): object {
  const { name, type, multiValued, description, required, mutability, returned, uniqueness } = attribute;
  const { canonicalValues, referenceTypes, subAttributes } = attribute;
  return {
    name,
    type,
    multiValued,
    description,
    required,
    ...(type !== "complex" && { caseExact: attribute.caseExact, uniqueness }),
    mutability,
    returned,
    ...(canonicalValues && { canonicalValues }),
    ...(referenceTypes && { referenceTypes }),
    ...(subAttributes.length > 0 && { subAttributes: subAttributes.map(publishedAttribute) }),
  };
}
