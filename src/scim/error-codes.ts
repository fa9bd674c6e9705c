/**
 * Every refusal by its stable code: what it means and how to mend it. Admins search for these, documentation and
 * screens group by them, so a code never changes once released.
 */

export const ERROR_CODES = {
  "body-not-object":
    "The request body must be one JSON object; send the resource or the PatchOp message itself.",
  "body-not-json": "The request body is not valid JSON; check quotes, commas and the character set (UTF-8).",
  "body-too-large": "The request body is over the limit; send fewer members or operations in a request.",
  "body-too-deep": "The request body nests deeper than any SCIM resource does; check what produced it.",
  "media-type": "The request body's Content-Type must be application/scim+json or application/json.",
  "required-missing":
    "A required attribute is absent or empty; map a source attribute that always has a value.",
  "value-type": "An attribute has a value of the wrong type; correct the mapping or its expression.",
  "value-characters": "A string holds a NUL character or broken Unicode; remove it in the source.",
  "value-too-long":
    "A string is longer than the attribute allows; shorten it in the source or by an expression.",
  "member-unknown": "A member to be added does not exist here; provision that user or group first.",
  "member-circle":
    "A group cannot contain itself, directly or through other groups; remove one membership of the circle.",
  "userName-taken": "Another user has this userName (letter case ignored); rename or remove that user first.",
  "active-unassigned": "active cannot be removed or emptied; send true to enable the user, false to disable.",
  "required-removed": "A required attribute cannot be removed or emptied; replace it with another value.",
  "attribute-read-only":
    "The attribute is kept by the server and cannot be written; take it out of the mapping.",
  "attribute-immutable": "The value cannot be changed in place; remove the element and add the new one.",
  "attribute-set-once":
    "The attribute was set when the resource was created and cannot change; map it for creation only.",
  "path-syntax":
    "The path is not attribute, attribute.sub or attribute[filter].sub; correct the mapping's target.",
  "path-unknown": "The path names an attribute that does not exist here; correct or remove the mapping.",
  "path-no-target":
    "No value matches the path, and none can be made from it; use eq terms, or add the value first.",
  "remove-without-path": "A remove operation needs a path that says what to remove.",
  "value-missing": "An add or replace operation needs a value.",
  "operation-unknown": "Each operation's op must be add, replace or remove.",
  "operations-missing": "A PATCH body needs an Operations array with at least one operation.",
  "operations-too-many": "A PATCH body has more operations than the limit; split it over several requests.",
  "bulk-id": "Each POST of a bulk request needs a bulkId that no other one has.",
  "bulk-reference-unknown": "A bulkId reference must name a POST operation of the same request.",
  "bulk-reference-failed":
    "The operation refers to another of the same request, which failed; mend that one first.",
  "members-too-many": "The request changes more members than the limit; split it over several requests.",
  "not-tolerated":
    "The connection's dialect does not take this form; send the standard's, or choose a dialect that takes it.",
  "filter-syntax": "The filter does not follow the grammar of RFC 7644; see the position in the message.",
  "filter-too-long": "The filter is longer than the limit; ask for less at once.",
  "filter-too-deep": "The filter nests deeper than the limit; write it flatter.",
  "filter-attribute-unknown":
    "The filter names an attribute that does not exist here; correct the matching attribute.",
  "filter-attribute-unsupported": "The attribute exists but cannot be filtered on.",
  "filter-needs-sub-attribute": "A complex attribute is compared through one of its sub-attributes.",
  "filter-operator-unsupported": "The operator does not apply to an attribute of this type.",
  "filter-value-type": "The filter compares the attribute with a value of another type.",
  "projection-both": "Send attributes or excludedAttributes, not both.",
  "sort-unsupported":
    "The sortBy attribute does not exist here or has no order; sort by an attribute with one value.",
  "cursor-invalid":
    "The cursor is not one of ours, or another parameter changed since; start again without it.",
  "cursor-expired": "The cursor is too old; start again from the first page.",
  "count-invalid": "With a cursor, count must stay within the limit and the same on every page.",
  "query-parameter": "A query parameter has a value that is not allowed.",
  "resource-not-found":
    "No such resource; it was deleted or never created. Restart provisioning to match again.",
  "endpoint-not-found": "No such endpoint; check that the Tenant URL ends in /scim/v2.",
  "not-implemented": "The endpoint is defined by SCIM, but this service does not offer it.",
  "method-not-allowed": "The endpoint does not take this method.",
  "version-mismatch": "The resource changed since it was read; read it again and repeat the change.",
  unauthenticated: "The bearer token is missing, wrong, expired or revoked; set a new Secret Token.",
  "plain-http": "The request came over plain HTTP; use the https address, and set a new Secret Token.",
  "address-not-allowed": "The connection takes no requests from this address; correct its allowed addresses.",
  forbidden: "The token is valid but may not do this.",
  "too-many-requests": "More requests at once than the tenant's limit; wait as long as Retry-After says.",
  "write-pending":
    "The write is not finished yet; send the same request again, it will be attached to this one.",
  "deactivation-held":
    "The cycle has reached the connection's limit of deactivations; an admin releases or rejects what is held.",
  unavailable: "The service cannot reach its stores at the moment; the request may be sent again.",
  internal: "A fault of the service; the request may be sent again, and the correlation id helps support.",
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;
