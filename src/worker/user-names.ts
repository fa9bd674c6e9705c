/**
 * Who has which userName while a batch is applied: the names that its writes want are looked up once, and every
 * write then claims and frees names in the order of the batch, as it would alone. RFC 7643 section 4.1.1.
 *
 * A race with another worker is left to the unique index: whoever comes second meets it, and the batch is applied
 * again, now with the name seen as taken.
 */
import { z } from "zod";
import { fold, type Resource, say, ScimError, term } from "../scim/index.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import type { Transaction } from "../store/database.ts";
import { findNameHolders, type ResourceKey } from "../store/directory-writes.ts";

export class UserNames {
  /** Id of the holder by `tenantId nameKey`. */
  readonly #holders: Map<string, string>;

  private constructor(holders: ReadonlyMap<string, string>) {
    this.#holders = new Map(holders);
  }

  /** Of writes whose names nobody has. */
  static none(): UserNames {
    return new UserNames(new Map());
  }

  /** Looks up who has the names that these writes may claim. */
  static async load(tx: Transaction, commands: readonly WriteCommand[]): Promise<UserNames> {
    const wanted = commands.flatMap((command) =>
      wantedNames(command).map((name) => ({ tenantId: command.tenantId, nameKey: fold(name) })),
    );
    return new UserNames(await findNameHolders(tx, wanted));
  }

  /**
   * Gives the user the name of its new form and frees that of its old one.
   * @throws {ScimError} uniqueness when somebody else has the name; nothing is then claimed or freed
   */
  claim({ tenantId, id }: ResourceKey, { before, after }: { before?: Resource; after: Resource }): void {
    const key = keyOf(tenantId, after);
    const holder = this.#holders.get(key);
    if (holder !== undefined && holder !== id) throw nameTaken(userNameOf(after), holder);
    if (before) this.free({ tenantId, id }, before);
    this.#holders.set(key, id);
  }

  /** Frees the name of a user that is deleted or renamed. */
  free({ tenantId, id }: ResourceKey, before: Resource): void {
    const key = keyOf(tenantId, before);
    if (this.#holders.get(key) === id) this.#holders.delete(key);
  }
}

/** Comparison key of a resource's userName. */
export function userNameKey(resource: Resource): string {
  return fold(userNameOf(resource));
}

function userNameOf(resource: Resource): string {
  const name = resource["userName"];
  return typeof name === "string" ? name : "";
}

function keyOf(tenantId: string, resource: Resource): string {
  return `${tenantId} ${userNameKey(resource)}`;
}

/** The part of a payload that may name a user: a body's userName, and what a PATCH sets it to. */
const Naming = z.object({
  resource: z.object({ userName: z.string().optional() }).optional(),
  operations: z
    .array(z.object({ attribute: z.string().optional(), value: z.unknown() }).catch({ value: undefined }))
    .optional(),
});

function wantedNames(command: WriteCommand): readonly string[] {
  const { resourceType, payload, adopts } = command;
  if (resourceType !== "User" || payload === null) return [];
  const own = adopts?.offered ? [userNameOf(adopts.offered.resource)] : [];
  const { resource, operations = [] } = Naming.parse(payload);
  const patched = operations
    .filter(({ attribute }) => attribute === "username")
    .flatMap(({ value }) => (typeof value === "string" ? [value] : []));
  return [...own, ...patched, ...(resource?.userName === undefined ? [] : [resource.userName])];
}

function nameTaken(name: string, holder: string): ScimError {
  const detail = say`${term("userName")} ${name} is taken by user ${term(holder)} (letter case does not count); rename or delete that user first, or match by userName in Azure so that it is updated instead of created`;
  return new ScimError("uniqueness", "userName-taken", detail);
}
