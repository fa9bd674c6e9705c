/**
 * People whom the product knew before, and whom no write has adopted yet: offered to the identity provider as inactive
 * users, each under the id that it keeps (docs/decisions/0030). Whoever the matching has found among the users already
 * is not offered.
 */
import { fold, type Resource, type Stored, URNS } from "../scim/index.ts";
import type { Database, Transaction } from "./database.ts";

export interface Offer {
  /** The product's own id. */
  readonly existingId: string;
  /** Of the user that it becomes. */
  readonly resourceId: string;
  readonly userName: string | null;
  readonly email: string | null;
  readonly externalId: string | null;
  readonly displayName: string | null;
  readonly importedAt: Date;
}

const COLUMNS = `existing_id AS "existingId", resource_id AS "resourceId", user_name AS "userName", email,
         external_id AS "externalId", display_name AS "displayName", imported_at AS "importedAt"`;
const IS_OFFERED = "e.tenant_id = $1 AND e.user_id IS NULL AND e.adopted_at IS NULL";
// Two of them are one too many: nobody is taken for somebody else.
const OFFERS_MAX = 20;

const FIND = `
  SELECT ${COLUMNS} FROM existing_users e WHERE ${IS_OFFERED} AND e.external_id = ANY($2)
   UNION
  SELECT ${COLUMNS} FROM existing_users e WHERE ${IS_OFFERED} AND e.user_name_key = ANY($3)
   UNION
  SELECT ${COLUMNS} FROM existing_users e WHERE ${IS_OFFERED} AND e.email_key = ANY($3)
   LIMIT ${String(OFFERS_MAX)}`;

export interface Sought {
  readonly externalIds: readonly string[];
  /** Names and addresses, in any letter case. */
  readonly names: readonly string[];
}

/** Those who have one of the ids, names or addresses. */
export async function findOffers(
  db: Database,
  tenantId: string,
  { externalIds, names }: Sought,
): Promise<readonly Offer[]> {
  if (externalIds.length + names.length === 0) return [];
  return db.query<Offer>({ name: "find-offers", text: FIND }, [tenantId, externalIds, names.map(fold)]);
}

export async function findOffer(
  db: Database,
  tenantId: string,
  resourceId: string,
): Promise<Offer | undefined> {
  const rows = await db.query<Offer>(
    {
      name: "find-offer",
      text: `SELECT ${COLUMNS} FROM existing_users e WHERE ${IS_OFFERED} AND e.resource_id = $2`,
    },
    [tenantId, resourceId],
  );
  return rows[0];
}

/**
 * The user as whom a person is offered: inactive, so that an identity provider that compares finds something to write,
 * and by that adopts.
 * @returns undefined where there is neither a name nor an address that could be a userName
 */
export function offeredUser(offer: Offer): Stored | undefined {
  const { userName, email, externalId, displayName, existingId, resourceId, importedAt } = offer;
  const name = userName ?? email;
  if (name === null) return undefined;
  const resource: Resource = {
    userName: name,
    active: false,
    ...(externalId !== null && { externalId }),
    ...(displayName !== null && { displayName }),
    ...(email !== null && { emails: [{ value: email, type: "work" }] }),
    [URNS.productUser]: { productId: existingId },
  };
  const at = importedAt.toISOString();
  return { type: "User", id: resourceId, version: 0, created: at, lastModified: at, resource };
}

/** What a user to be created says of itself. */
export interface Claim {
  readonly externalId: string | undefined;
  readonly userName: string;
  readonly emails: readonly string[];
}

/**
 * Who of these a new user is, by the rules of the matching: the first of externalId, userName and address by which
 * anybody is found decides.
 * @returns undefined where it is nobody, or could be several
 */
export function offerFor(
  { externalId, userName, emails }: Claim,
  offers: readonly Offer[],
): Offer | undefined {
  const name = fold(userName);
  const addresses = new Set([name, ...emails.map(fold)]);
  const rules: readonly ((offer: Offer) => boolean)[] = [
    (offer) => externalId !== undefined && offer.externalId === externalId,
    (offer) => offer.userName !== null && fold(offer.userName) === name,
    (offer) => offer.email !== null && addresses.has(fold(offer.email)),
  ];
  const found = rules.map((rule) => offers.filter(rule)).find((some) => some.length > 0) ?? [];
  return found.length === 1 ? found[0] : undefined;
}

/** Whom a body of POST would adopt. */
export async function findOfferForBody(
  db: Database,
  tenantId: string,
  { externalId, userName, emails }: Resource,
): Promise<Offer | undefined> {
  const claim = {
    externalId: typeof externalId === "string" ? externalId : undefined,
    userName: String(userName),
    emails: Array.isArray(emails) ? emails.flatMap(addressOf) : [],
  };
  const offers = await findOffers(db, tenantId, {
    externalIds: claim.externalId === undefined ? [] : [claim.externalId],
    names: [claim.userName, ...claim.emails],
  });
  return offerFor(claim, offers);
}

function addressOf(email: unknown): readonly string[] {
  const value = (email as { readonly value?: unknown } | null)?.value;
  return typeof value === "string" ? [value] : [];
}

/** A write that is to be made again, as the ledger kept it. */
export interface FailedWrite {
  readonly tenantId: string;
  readonly operation: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly request: unknown;
}

export interface Adopts {
  readonly existingId: string;
  /** As whom the person was offered: what a PATCH or PUT changes. */
  readonly offered?: { readonly created: string; readonly resource: Resource };
}

/** Whom it adopts when it is made now: of a failed write the ledger keeps the request alone, and offers change. */
export async function findAdopted(
  db: Database,
  { tenantId, operation, resourceType, resourceId, request }: FailedWrite,
): Promise<Adopts | undefined> {
  if (resourceType !== "User") return undefined;
  if (operation === "create") {
    const resource = (request as { readonly resource?: Resource } | null)?.resource;
    const offer = resource && (await findOfferForBody(db, tenantId, resource));
    return offer && { existingId: offer.existingId };
  }
  const offer = await findOffer(db, tenantId, resourceId);
  const user = offer && offeredUser(offer);
  if (offer === undefined || user === undefined) return undefined;
  const { created, resource } = user;
  return { existingId: offer.existingId, offered: { created, resource } };
}

export interface Adopted {
  readonly tenantId: string;
  readonly existingId: string;
  /** Null where the identity provider deleted whom it was offered: it is then not offered again. */
  readonly userId: string | null;
  readonly active: boolean;
}

/** In the transaction that makes the users. */
export async function recordAdoptions(tx: Transaction, adopted: readonly Adopted[]): Promise<void> {
  if (adopted.length === 0) return;
  await tx.query(
    {
      name: "record-adoptions",
      text: `
  UPDATE existing_users e
     SET adopted_at = now(), user_id = a."userId", matched_by = CASE WHEN a."userId" IS NOT NULL THEN 'adopted' END,
         state = CASE WHEN a."userId" IS NULL THEN 'unmatched' WHEN a.active THEN 'matched' ELSE 'deactivated' END
    FROM json_to_recordset($1::json) AS a ("tenantId" uuid, "existingId" text, "userId" uuid, active boolean)
   WHERE e.tenant_id = a."tenantId" AND e.existing_id = a."existingId" AND e.adopted_at IS NULL`,
    },
    [JSON.stringify(adopted)],
  );
}
