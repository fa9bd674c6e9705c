/**
 * Events as the claims of security event tokens (RFC 8417, RFC 9967): of users and groups, with the resource as it stands
 * when the token is made. What is no SCIM event, such as the end of a cycle, has no token.
 */
import { type ResourceChange, scimEvents, scimSubject, type Stored } from "../scim/index.ts";
import { createSetSigner } from "../platform/security-event.ts";
import type { Database } from "./database.ts";
import { findResources } from "./directory-reads.ts";
import type { EventType, StoredEvent } from "./events.ts";
import { readWriteFacts } from "./ledger.ts";
import { findSigningKey } from "./signing-keys.ts";

/** The events that are SCIM events, and what they say there. */
const KINDS: Partial<Record<EventType, ResourceChange["kind"]>> = {
  "user.created": "created",
  "user.adopted": "created",
  "user.updated": "updated",
  "user.deactivated": "deactivated",
  "user.reactivated": "activated",
  "user.deleted": "deleted",
  "group.created": "created",
  "group.updated": "updated",
  "group.deleted": "deleted",
  "group.members_changed": "updated",
};
/** Types that a receiver of tokens may be told. */
export const SET_EVENT_TYPES = Object.keys(KINDS) as readonly EventType[];

/** Nothing can be signed: there is no key, or none that opens. */
export class NoSigningKeyError extends Error {
  override readonly name = "NoSigningKeyError";

  constructor() {
    super(
      'no key signs security event tokens under this ROLLCALL_SECRET; "bin/rollcall signing-key rotate --now" makes one',
    );
  }
}

/** Of those who receive tokens: what the installation is called, for whom they are, and how much they say. */
export interface SetReceiver {
  readonly tenantId: string;
  /** PUBLIC_URL, or a URN where it is not known outside. */
  readonly issuer: string;
  readonly audience: string;
  readonly format: "set" | "set-notice";
}

export interface SignedSet {
  readonly jti: string;
  readonly token: string;
}

/** What receivers of an installation are told as its issuer; the key set is below it. */
export function issuerOf(publicUrl: string | undefined): string {
  return publicUrl?.replace(/\/+$/, "") ?? "urn:rollcall";
}

/** @returns one token for each event that is a SCIM event, in their order; the events are of one tenant */
export async function signSets(
  db: Database,
  receiver: SetReceiver,
  { events, secret }: { readonly events: readonly StoredEvent[]; readonly secret: string },
): Promise<readonly SignedSet[]> {
  if (events.length === 0) return [];
  const sign = await signerOf(db, secret);
  const claims = await claimsOf(db, receiver, events);
  return Promise.all(claims.map(async (each) => ({ jti: each.jti, token: await sign(each) })));
}

/** A token that says nothing happened: whether the way to a receiver is open. OpenID Shared Signals, section 8.1.4. */
export async function signVerification(
  db: Database,
  { issuer, audience }: SetReceiver,
  { jti, secret }: { readonly jti: string; readonly secret: string },
): Promise<string> {
  const sign = await signerOf(db, secret);
  return sign({
    ...{ iss: issuer, aud: audience, jti, iat: Math.floor(Date.now() / 1_000) },
    sub_id: { format: "opaque", id: audience },
    events: { "https://schemas.openid.net/secevent/ssf/event-type/verification": {} },
  });
}

/** @throws {NoSigningKeyError} */
async function signerOf(db: Database, secret: string): ReturnType<typeof createSetSigner> {
  const key = await findSigningKey(db, secret);
  if (key === undefined) throw new NoSigningKeyError();
  return createSetSigner(key);
}

type SetClaims = { readonly jti: string } & Readonly<Record<string, unknown>>;

async function claimsOf(
  db: Database,
  { tenantId, issuer, audience, format }: SetReceiver,
  events: readonly StoredEvent[],
): Promise<readonly SetClaims[]> {
  const idsOf = (type: "User" | "Group"): string[] => [
    ...new Set(
      events.filter(({ resourceType }) => resourceType === type).map(({ resourceId }) => resourceId),
    ),
  ];
  const users = await findResources(db, idsOf("User"), { tenantId, type: "User" });
  const groups = await findResources(db, idsOf("Group"), { tenantId, type: "Group" });
  const writeIds = [...new Set(events.flatMap(({ writeId }) => writeId ?? []))];
  const writes = await readWriteFacts(db, tenantId, writeIds);
  const iat = Math.floor(Date.now() / 1_000);
  return events.flatMap((event) => {
    const { writeId, resourceId } = event;
    const stored = users.get(resourceId) ?? groups.get(resourceId);
    const isReplaced = writeId !== null && writes.get(writeId)?.operation === "replace";
    const change = changeOf(event, stored, isReplaced);
    if (change === undefined) return [];
    return {
      ...{ iss: issuer, aud: audience, jti: `evt_${event.id}`, iat },
      toe: Math.floor(event.occurredAt.getTime() / 1_000),
      // What Set-Txn told whoever wrote; what no write made is a transaction of its own.
      txn: writeId ?? event.id,
      sub_id: scimSubject(change),
      events: scimEvents(change, format === "set"),
    };
  });
}

function changeOf(
  { type, resourceType, resourceId, version, changed, details }: StoredEvent,
  stored: Stored | undefined,
  isReplaced: boolean,
): ResourceChange | undefined {
  const kind = KINDS[type];
  if (kind === undefined || (resourceType !== "User" && resourceType !== "Group")) return undefined;
  const known = stored?.resource["externalId"] ?? details?.externalId;
  return {
    ...{ kind, type: resourceType, id: resourceId, version, changed, stored, isReplaced },
    externalId: typeof known === "string" ? known : null,
    added: details?.added ?? [],
    removed: details?.removed ?? [],
  };
}
