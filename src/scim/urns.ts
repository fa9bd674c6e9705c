/** Names the SCIM standards fix: schema and message URNs, and the media type of every body. */

export const SCIM_MEDIA_TYPE = "application/scim+json";

export const URNS = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  enterpriseUser: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  productUser: "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  schema: "urn:ietf:params:scim:schemas:core:2.0:Schema",
  resourceType: "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
  serviceProviderConfig: "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
  listResponse: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  searchRequest: "urn:ietf:params:scim:api:messages:2.0:SearchRequest",
  bulkRequest: "urn:ietf:params:scim:api:messages:2.0:BulkRequest",
  bulkResponse: "urn:ietf:params:scim:api:messages:2.0:BulkResponse",
  patchOp: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  asyncResponseEvent: "urn:ietf:params:scim:event:misc:asyncresp",
  error: "urn:ietf:params:scim:api:messages:2.0:Error",
} as const;
