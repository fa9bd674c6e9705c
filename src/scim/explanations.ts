/**
 * What to do about each error, in words for an admin: in the identity provider, and here. One catalogue, from which
 * the console explains failures and docs/errors.md tells the same.
 */
import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

export interface Explanation {
  readonly meaning: string;
  /** In Azure: which mapping, which user, which setting. */
  readonly inAzure: string;
  /** In this console. */
  readonly here: string;
}

type Advice = Omit<Explanation, "meaning">;

const WAIT = "Nothing: once Azure sends it right, this failure resolves by itself.";
const DISMISS = "Dismiss it where nobody needs it; it changes nothing.";

/** What only another client than Azure sends. */
const CLIENT: Advice = {
  inAzure:
    "Azure does not send this by itself: look for a custom expression in the mappings, or another client that uses this token.",
  here: DISMISS,
};
const MAPPING: Advice = {
  inAzure:
    "Open Provisioning → Mappings, find the row whose target is the attribute named above, and correct its source or expression; then use Provision on demand for one user to try it.",
  here: WAIT,
};
const QUERY: Advice = {
  inAzure:
    "Check the matching attribute under Provisioning → Mappings: userName for users, displayName for groups.",
  here: DISMISS,
};

const ADVICE: Readonly<Record<ErrorCode, Advice>> = {
  "body-not-object": CLIENT,
  "body-not-json": CLIENT,
  "body-too-large": {
    inAzure: "Azure sends members in small portions; a body this large comes from another client.",
    here: "Raise BODY_BYTES_MAX if such bodies are meant to come.",
  },
  "body-too-deep": CLIENT,
  "media-type": CLIENT,
  "required-missing": {
    inAzure:
      "Under Provisioning → Mappings give the attribute a source that every user has: userPrincipalName for userName, displayName for a group. Where a single user lacks it, fill it in that user's profile.",
    here: WAIT,
  },
  "value-type": MAPPING,
  "value-characters": {
    inAzure:
      "Open the user's profile, clear the attribute named above and type it anew: it holds a character that cannot be seen.",
    here: WAIT,
  },
  "value-too-long": {
    inAzure: "Shorten the value in the user's profile, or wrap the mapping's source in Left([source], 0, n).",
    here: WAIT,
  },
  "member-unknown": {
    inAzure:
      "Assign that user or group to the enterprise application, so that it is provisioned; where it is assigned, see whether its own creation failed. Azure adds it in a later cycle.",
    here: "Once the member is here, retry.",
  },
  "member-circle": {
    inAzure: "Open the groups and remove one membership of the circle.",
    here: DISMISS,
  },
  "userName-taken": {
    inAzure:
      "Two users map to one userName. If they are one person, delete or unassign the older account; if not, change the userPrincipalName of one. If the user here was made by hand, set userName as matching attribute, so that Azure adopts it.",
    here: "Open the user who holds the name. Once the name is free, retry.",
  },
  "active-unassigned": {
    inAzure: `Map active by Switch([IsSoftDeleted], , "False", "True", "True", "False"): it always has a value.`,
    here: WAIT,
  },
  "required-removed": {
    inAzure:
      "The mapping clears a required attribute: give it a default value, or a source that is never empty.",
    here: WAIT,
  },
  "attribute-read-only": {
    inAzure: "Under Provisioning → Mappings delete the row whose target is the attribute named above.",
    here: WAIT,
  },
  "attribute-immutable": MAPPING,
  "attribute-set-once": {
    inAzure: `Under Provisioning → Mappings edit the row of this attribute: choose "Apply this mapping: Only during object creation".`,
    here: WAIT,
  },
  "path-syntax": MAPPING,
  "path-unknown": {
    inAzure: "Under Provisioning → Mappings correct or delete the row whose target is the path named above.",
    here: WAIT,
  },
  "path-no-target": {
    inAzure: `Use a target of the form emails[type eq "work"].value, with eq and nothing else in the brackets.`,
    here: WAIT,
  },
  "remove-without-path": CLIENT,
  "value-missing": MAPPING,
  "operation-unknown": CLIENT,
  "operations-missing": CLIENT,
  "operations-too-many": CLIENT,
  "bulk-id": CLIENT,
  "bulk-reference-unknown": CLIENT,
  "bulk-reference-failed": CLIENT,
  "members-too-many": CLIENT,
  "not-tolerated": {
    inAzure: "Nothing by itself: it sends what the dialect of Microsoft Entra ID takes.",
    here: "On the connection's page choose the dialect of the client that sends this.",
  },
  "filter-syntax": QUERY,
  "filter-too-long": QUERY,
  "filter-too-deep": QUERY,
  "filter-attribute-unknown": QUERY,
  "filter-attribute-unsupported": QUERY,
  "filter-needs-sub-attribute": QUERY,
  "filter-operator-unsupported": QUERY,
  "filter-value-type": QUERY,
  "projection-both": CLIENT,
  "sort-unsupported": CLIENT,
  "cursor-invalid": CLIENT,
  "cursor-expired": CLIENT,
  "count-invalid": CLIENT,
  "query-parameter": CLIENT,
  "resource-not-found": {
    inAzure:
      "Azure remembers an id that is gone: choose Provisioning → Restart provisioning, and it matches everyone again by the matching attribute.",
    here: "See under People who was deleted, when and by which connection.",
  },
  "endpoint-not-found": {
    inAzure:
      "Compare the Tenant URL under Provisioning → Connectivity with the one on the connection's page: it ends in /scim/v2.",
    here: DISMISS,
  },
  "not-implemented": CLIENT,
  "method-not-allowed": CLIENT,
  "version-mismatch": {
    inAzure: "Nothing: Azure does not send versions. Another client must read the resource again.",
    here: "A retry applies the change whatever the version is now.",
  },
  unauthenticated: {
    inAzure: "Paste a live token as Secret Token under Provisioning → Connectivity, test, save.",
    here: "Rotate the token on the connection's page.",
  },
  "plain-http": {
    inAzure:
      "Use the https address as Tenant URL, and paste a new token: the old one may have been read on its way.",
    here: "Rotate the token on the connection's page; the operator sets TLS_CERT_FILE, or TRUST_PROXY where a proxy ends TLS.",
  },
  "address-not-allowed": {
    inAzure: "Nothing: Azure sends from the ranges of the service tag AzureActiveDirectory.",
    here: "Open Limits on the connection's page and add the address that is shown there, if it is Azure's.",
  },
  forbidden: {
    inAzure: "Use the token of the connection that may do this.",
    here: "See the connection's page.",
  },
  "too-many-requests": {
    inAzure: "Nothing: Azure tries again by itself.",
    here: "See under Queues whether workers keep up.",
  },
  "write-pending": {
    inAzure: "Nothing: Azure tries again by itself, and its request takes up the same write.",
    here: "See under Queues whether workers keep up.",
  },
  "deactivation-held": {
    inAzure:
      "Ask whether so many people were to lose access: a group that was unassigned, or a scoping filter that was changed, looks the same. If it was a mistake, mend it there before anything else.",
    here: "Open the connection's deactivation guard, and release or reject what it holds.",
  },
  unavailable: {
    inAzure: "Nothing: Azure tries again by itself.",
    here: "Look at the health of Postgres and of the queue; then retry.",
  },
  internal: {
    inAzure: "Nothing: the request was sound.",
    here: "Search the worker's log for the correlation id. Once the cause is gone, retry: the write applies once, whatever happened before.",
  },
};

export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = Object.fromEntries(
  Object.entries(ADVICE).map(([code, advice]) => [
    code,
    { meaning: ERROR_CODES[code as ErrorCode], ...advice },
  ]),
) as unknown as Record<ErrorCode, Explanation>;

/** @returns undefined for a code that this version does not know */
export function explanationOf(code: string): Explanation | undefined {
  return Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code as ErrorCode] : undefined;
}
