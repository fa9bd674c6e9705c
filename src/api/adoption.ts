/**
 * People whom the product knew before, as an identity provider meets them: found when it looks for one, and adopted by
 * the write that follows. Asked for only where a tenant has such people.
 */
import {
  type CanonicalBody,
  evaluate,
  type Filter,
  type Models,
  searchDocument,
  type Stored,
} from "../scim/index.ts";
import { findOffer, findOfferForBody, findOffers, offeredUser, type Sought } from "../store/adoption.ts";
import type { Database } from "../store/database.ts";
import type { Principal } from "../store/tenants.ts";
import type { WriteRequest } from "./submit-write.ts";

interface Asking {
  readonly db: Database;
  readonly principal: Pick<Principal, "tenantId" | "hasOffers">;
}

/**
 * Whom a filter means that no user meets: only one that asks for somebody by userName, externalId or address.
 * @returns undefined where it means nobody, or could mean several
 */
export async function offeredByFilter(
  filter: Filter | undefined,
  models: Models,
  { db, principal }: Asking,
): Promise<Stored | undefined> {
  const sought = filter && principal.hasOffers ? soughtBy(filter) : undefined;
  if (!filter || !sought) return undefined;
  const users = (await findOffers(db, principal.tenantId, sought)).flatMap(
    (offer) => offeredUser(offer) ?? [],
  );
  const found = users.filter((user) => isMetBy(filter, models, user));
  return found.length === 1 ? found[0] : undefined;
}

export async function offeredById(id: string, { db, principal }: Asking): Promise<Stored | undefined> {
  if (!principal.hasOffers) return undefined;
  const offer = await findOffer(db, principal.tenantId, id);
  return offer && offeredUser(offer);
}

/** The write, with whom it adopts, if anybody. */
export async function adopting(write: WriteRequest, { db, principal }: Asking): Promise<WriteRequest> {
  if (!principal.hasOffers || write.type !== "User") return write;
  if (write.operation === "create") {
    const { resource } = write.payload as CanonicalBody;
    const offer = await findOfferForBody(db, principal.tenantId, resource);
    if (!offer) return write;
    return { ...write, adopts: { existingId: offer.existingId } };
  }
  const { resourceId } = write;
  const offer = resourceId === undefined ? undefined : await findOffer(db, principal.tenantId, resourceId);
  const user = offer && offeredUser(offer);
  if (!user) return write;
  const { created, resource } = user;
  return { ...write, adopts: { existingId: offer.existingId, offered: { created, resource } } };
}

function isMetBy(filter: Filter, models: Models, { id, created, lastModified, resource }: Stored): boolean {
  const scope = { models, type: "User", among: ["User"] } as const;
  const search = searchDocument(models.User, resource);
  return evaluate(filter, scope, { id, created, lastModified, search, memberIds: [] });
}

/** @returns undefined for a filter that asks for something else than one person */
function soughtBy(filter: Filter): Sought | undefined {
  switch (filter.kind) {
    case "and":
      return filter.operands.map(soughtBy).find((sought) => sought !== undefined);
    case "compare":
      return filter.operator === "eq" ? soughtByTerm(filter.path.name, filter.value) : undefined;
    case "valuePath":
      return filter.path.name.toLowerCase() === "emails" ? soughtByElement(filter.filter) : undefined;
    case "or":
    case "not":
    case "present":
      return undefined;
  }
}

function soughtByTerm(name: string, value: unknown): Sought | undefined {
  if (typeof value !== "string") return undefined;
  const key = name.toLowerCase();
  if (key === "externalid") return { externalIds: [value], names: [] };
  return key === "username" || key === "emails" ? { externalIds: [], names: [value] } : undefined;
}

/** Azure's `emails[type eq "work"].value eq "…"`. */
function soughtByElement(filter: Filter): Sought | undefined {
  const terms = filter.kind === "and" ? filter.operands : [filter];
  const term = terms.find(
    (each) => each.kind === "compare" && each.operator === "eq" && each.path.name.toLowerCase() === "value",
  );
  return term?.kind === "compare" ? soughtByTerm("emails", term.value) : undefined;
}
