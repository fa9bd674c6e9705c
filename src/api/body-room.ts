/**
 * How much of the bodies that are being read a process keeps in memory. A body within its limit may come as slowly as a
 * request may, and a tenant may send many at once: without this, one token is enough to fill the memory. What has
 * arrived whole is counted by the tenant's line from then on.
 */

/** What is held of one body while it is read. */
export interface BodyHold {
  /** @returns whether there is room for so many bytes more */
  grow(bytes: number): boolean;
  /** Gives all of it back; more than once is harmless. */
  close(): void;
}

/** How bodies are read. */
export interface BodyReading {
  /** BODY_BYTES_MAX, after decompression. */
  readonly bytesMax: number;
  readonly room: BodyRoom;
  /** Told whose body was turned away. */
  readonly onNoRoom: (tenantSlug: string) => void;
}

// What nearly every request fits into is never turned away for somebody else's large one.
const FREE_BYTES = 16_384;
// As with the lines: memory is one for all tenants.
const FULL_TENANTS_MAX = 4;

export class BodyRoom {
  readonly #tenantBytesMax: number;
  readonly #heldBy = new Map<string, number>();
  #held = 0;

  /** @param tenantBytesMax - of one tenant at once; a body alone always has room */
  constructor(tenantBytesMax: number) {
    this.#tenantBytesMax = tenantBytesMax;
  }

  /** For a body that begins. */
  open(tenantId: string): BodyHold {
    let [seen, own, isOpen] = [0, 0, true];
    return {
      grow: (bytes) => {
        seen += bytes;
        const more = Math.min(bytes, Math.max(0, seen - FREE_BYTES));
        if (!isOpen || !this.#hasRoom(tenantId, own, more)) return false;
        own += more;
        this.#resize(tenantId, more);
        return true;
      },
      close: () => {
        if (isOpen) this.#resize(tenantId, -own);
        isOpen = false;
      },
    };
  }

  /** Bytes that are held of all bodies, beyond what is free of each. */
  get bytes(): number {
    return this.#held;
  }

  #hasRoom(tenantId: string, own: number, more: number): boolean {
    const ofTenant = this.#heldBy.get(tenantId) ?? 0;
    if (more === 0 || ofTenant === own) return true;
    const isWithin = ofTenant + more <= this.#tenantBytesMax;
    return isWithin && this.#held + more <= this.#tenantBytesMax * FULL_TENANTS_MAX;
  }

  #resize(tenantId: string, bytes: number): void {
    const left = (this.#heldBy.get(tenantId) ?? 0) + bytes;
    if (left > 0) this.#heldBy.set(tenantId, left);
    else this.#heldBy.delete(tenantId);
    this.#held += bytes;
  }
}
