/**
 * Cursors of the event feed: a place in one tenant's order, signed so that it can be told from one that another tenant,
 * another installation or a typing error made. A cursor grants nothing; the key of each request does.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

const VERSION = 1;
const POSITION_BYTES = 8;
const TAG_BYTES = 8;

export interface EventCursors {
  seal(tenantId: string, position: number): string;
  /** @returns undefined when it is not one of this tenant's */
  open(tenantId: string, cursor: string): number | undefined;
}

/**
 * @param secret - ROLLCALL_SECRET; the key is derived from it and used for nothing else
 * @param epoch - told by the database: what was sealed before it was restored from a backup is none of ours
 */
export function createEventCursors(secret: string, epoch: () => string = () => ""): EventCursors {
  const keys = new Map<string, Buffer>();
  const keyOf = (salt: string): Buffer => {
    const key = keys.get(salt) ?? Buffer.from(hkdfSync("sha256", secret, salt, "rollcall event cursor", 32));
    keys.set(salt, key);
    return key;
  };
  const tagOf = (tenantId: string, head: Buffer): Buffer =>
    createHmac("sha256", keyOf(epoch())).update(tenantId).update(head).digest().subarray(0, TAG_BYTES);
  return {
    seal(tenantId, position) {
      const head = Buffer.alloc(1 + POSITION_BYTES);
      head.writeUInt8(VERSION);
      head.writeBigUInt64BE(BigInt(position), 1);
      return Buffer.concat([head, tagOf(tenantId, head)]).toString("base64url");
    },
    open(tenantId, cursor) {
      const bytes = Buffer.from(cursor, "base64url");
      if (bytes.length !== 1 + POSITION_BYTES + TAG_BYTES || bytes[0] !== VERSION) return undefined;
      const head = bytes.subarray(0, 1 + POSITION_BYTES);
      if (!timingSafeEqual(tagOf(tenantId, head), bytes.subarray(head.length))) return undefined;
      return Number(head.readBigUInt64BE(1));
    },
  };
}
