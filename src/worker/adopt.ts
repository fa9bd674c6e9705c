/** What a write makes of somebody whom the product knew before, and whom its client was offered as a user. */
import type { WriteCommand } from "../queue/contracts.ts";
import { type Resource, URNS } from "../scim/index.ts";
import type { Adopted } from "../store/adoption.ts";
import type { ResourceRow } from "../store/directory-writes.ts";
import { isActive } from "./access.ts";

/** Who is adopted keeps the product's own id. */
export function withProductId(resource: Resource, { adopts }: WriteCommand): Resource {
  return adopts ? { ...resource, [URNS.productUser]: { productId: adopts.existingId } } : resource;
}

/** As whom a person was offered whom nothing has adopted yet: the first change makes the user. */
export function offeredRow({ tenantId, resourceId, adopts }: WriteCommand): ResourceRow | undefined {
  if (!adopts?.offered) return undefined;
  const { created, resource } = adopts.offered;
  return { tenantId, id: resourceId, version: 0, created, lastModified: created, resource };
}

/** Nobody has written it yet. */
export function isOffered({ version }: ResourceRow): boolean {
  return version === 0;
}

/** @param resource - undefined where the person was deleted before anything adopted it */
export function adoptionBy(
  { adopts, tenantId, resourceId }: WriteCommand,
  resource: Resource | undefined,
): { readonly adoption?: Adopted } {
  if (!adopts) return {};
  const userId = resource ? resourceId : null;
  const active = resource !== undefined && isActive(resource);
  return { adoption: { tenantId, existingId: adopts.existingId, userId, active } };
}
