/**
 * The default attribute mapping: a person becomes leaf paths with values, and leaf paths become, or are read
 * from, a SCIM User (RFC 7643 §4.1, §4.3). Paths are written as an administrator sees them in the mapping.
 */
import type { TeamGroup } from "./directory.ts";
import type { Person } from "./people.ts";

export const USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/** Sent with every group; no server knows it, every server must bear it. */
export const ADSCIM_GROUP_URN = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

export const MANAGER_PATH = `${ENTERPRISE_URN}:manager`;

export type Resource = Record<string, unknown>;
export type LeafValue = string | boolean;
export type Leaves = Map<string, LeafValue>;

/** What the person's attributes are at the target, the manager excepted: it is a reference, sent by itself. */
export function mapPerson(person: Person): Leaves {
  const { office } = person;
  const values: Record<string, LeafValue | undefined> = {
    userName: person.userName,
    active: person.status === "active",
    displayName: `${person.givenName} ${person.familyName}`,
    title: person.title,
    'emails[type eq "work"].value': person.mail,
    'emails[type eq "other"].value': person.proxyMail,
    preferredLanguage: office.language,
    "name.givenName": person.givenName,
    "name.familyName": person.familyName,
    "name.formatted": `${person.givenName} ${person.familyName}`,
    'addresses[type eq "work"].formatted': office.office,
    'addresses[type eq "work"].streetAddress': office.street,
    'addresses[type eq "work"].locality': office.city,
    'addresses[type eq "work"].region': office.region,
    'addresses[type eq "work"].postalCode': office.postalCode,
    'addresses[type eq "work"].country': office.country,
    'phoneNumbers[type eq "work"].value': person.telephone,
    'phoneNumbers[type eq "mobile"].value': person.mobile,
    'phoneNumbers[type eq "fax"].value': person.fax,
    externalId: person.mailNickname,
    [`${ENTERPRISE_URN}:employeeNumber`]: person.employeeId,
    [`${ENTERPRISE_URN}:department`]: person.department,
  };
  const leaves: Leaves = new Map();
  for (const [path, value] of Object.entries(values)) if (value !== undefined) leaves.set(path, value);
  return leaves;
}

/** Every path the mapping may write: what is read back and compared. */
export const MAPPED_PATHS: readonly string[] = [
  "userName",
  "active",
  "displayName",
  "title",
  'emails[type eq "work"].value',
  'emails[type eq "other"].value',
  "preferredLanguage",
  "name.givenName",
  "name.familyName",
  "name.formatted",
  ...["formatted", "streetAddress", "locality", "region", "postalCode", "country"].map(
    (part) => `addresses[type eq "work"].${part}`,
  ),
  ...["work", "mobile", "fax"].map((type) => `phoneNumbers[type eq "${type}"].value`),
  "externalId",
  `${ENTERPRISE_URN}:employeeNumber`,
  `${ENTERPRISE_URN}:department`,
  MANAGER_PATH,
];

/** The body of `POST /Users`. */
export function userBody(leaves: Leaves): Resource {
  const body: Resource = { schemas: [USER_URN, ENTERPRISE_URN] };
  for (const [path, value] of leaves) writeLeaf(body, path, value);
  return { ...body, meta: { resourceType: "User" }, roles: [] };
}

/** The body of `POST /Groups`: never with members, which follow by PATCH. */
export function groupBody(group: TeamGroup): Resource {
  return {
    schemas: [GROUP_URN, ADSCIM_GROUP_URN],
    externalId: group.key,
    displayName: group.displayName,
    members: [],
    meta: { resourceType: "Group" },
  };
}

/** Reads all mapped leaves of a User as a server returned it. A manager that is not an object reads as text of its fault. */
export function readLeaves(resource: Resource): Leaves {
  const leaves: Leaves = new Map();
  for (const path of MAPPED_PATHS) {
    const value = readLeaf(resource, path);
    if (value !== undefined) leaves.set(path, value);
  }
  return leaves;
}

interface LeafPath {
  readonly urn: string | undefined;
  readonly attribute: string;
  readonly type: string | undefined;
  readonly sub: string | undefined;
}

const LEAF_PATH = /^(?:(urn:.+):)?([A-Za-z]+)(?:\[type eq "([a-z]+)"\])?(?:\.([A-Za-z]+))?$/;

function parseLeafPath(path: string): LeafPath {
  const match = LEAF_PATH.exec(path);
  if (match === null) throw new Error(`not a leaf path: ${path}`);
  return { urn: match[1], attribute: match[2] ?? "", type: match[3], sub: match[4] };
}

function readLeaf(resource: Resource, path: string): LeafValue | undefined {
  const { urn, attribute, type, sub } = parseLeafPath(path);
  const owner = urn === undefined ? resource : asResource(resource[urn]);
  let value: unknown = owner[attribute] ?? undefined;
  if (value === undefined) return undefined;
  if (type !== undefined) value = elementOfType(value, type);
  if (sub !== undefined) value = asResource(value)[sub];
  // A reference must come back as an object (RFC 7643 §4.3); a bare string would make Entra ID send it again.
  if (path === MANAGER_PATH)
    value = asResource(value)["value"] ?? `not a reference: ${JSON.stringify(value)}`;
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" || typeof value === "boolean" ? value : JSON.stringify(value);
}

function elementOfType(list: unknown, type: string): unknown {
  if (!Array.isArray(list)) return undefined;
  return list.find((element: unknown) => asResource(element)["type"] === type);
}

function writeLeaf(body: Resource, path: string, value: LeafValue): void {
  const { urn, attribute, type, sub } = parseLeafPath(path);
  const owner = urn === undefined ? body : child(body, urn);
  if (type !== undefined) {
    const list = (owner[attribute] ??= []) as Resource[];
    let element = list.find((candidate) => candidate["type"] === type);
    if (element === undefined) {
      element = attribute === "emails" && type === "work" ? { primary: true, type } : { type };
      list.push(element);
    }
    element[sub ?? "value"] = value;
  } else if (sub !== undefined) child(owner, attribute)[sub] = value;
  else owner[attribute] = value;
}

function child(owner: Resource, name: string): Resource {
  return (owner[name] ??= {}) as Resource;
}

/** An object as it is, anything else as an empty one: what a server sends is not to be trusted. */
export function asResource(value: unknown): Resource {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Resource) : {};
}
