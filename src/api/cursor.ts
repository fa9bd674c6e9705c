/**
 * Cursors of RFC 9865: where a page ended, sealed so that nobody else can make one, and bound to the tenant and to
 * all that must stay the same between pages. A cursor grants nothing: each page is authorized by its own token.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { createSeal } from "../platform/seal.ts";
import { say, ScimError } from "../scim/index.ts";
import type { Mark } from "../store/directory-lists.ts";

/** Published in ServiceProviderConfig. */
export const CURSOR_TIMEOUT_SECONDS = 3_600;

export interface CursorState {
  readonly after: Mark;
  /** Matches as the first page counted them. */
  readonly total: number;
}

export interface CursorSeal {
  seal(state: CursorState, query: CursorQuery): string;
  /** @throws {ScimError} invalidCursor, expiredCursor, or invalidCount when only the count differs */
  open(cursor: string, query: CursorQuery): CursorState;
}

/** What a cursor is bound to. */
export interface CursorQuery {
  readonly tenantId: string;
  readonly fingerprint: string;
  readonly count: number;
}

// One letter each: the cursor travels in an address.
const Sealed = z.object({
  i: z.string(),
  k: z.string().nullable(),
  n: z.number(),
  c: z.number(),
  q: z.string(),
  t: z.number(),
});

/** @param secret - ROLLCALL_SECRET; the key is derived from it and used for nothing else */
export function createCursorSeal(secret: string, now: () => number = Date.now): CursorSeal {
  const seal = createSeal(secret, "cursor");
  return {
    seal({ after, total }, query) {
      const content = {
        i: after.id,
        k: after.key,
        n: total,
        c: query.count,
        q: digestOf(query),
        t: seconds(now()),
      };
      return seal.seal(JSON.stringify(content), query.tenantId).toString("base64url");
    },
    open(cursor, query) {
      const content = contentOf(seal.open(Buffer.from(cursor, "base64url"), query.tenantId));
      if (!content || content.q !== digestOf(query)) throw invalidCursor();
      if (seconds(now()) - content.t > CURSOR_TIMEOUT_SECONDS) throw expiredCursor();
      if (content.c !== query.count) throw invalidCount(query.count, content.c);
      return { after: { id: content.i, key: content.k }, total: content.n };
    },
  };
}

/** @returns undefined for what is not ours, was cut, or is another tenant's */
function contentOf(text: string | undefined): z.infer<typeof Sealed> | undefined {
  return text === undefined ? undefined : Sealed.safeParse(JSON.parse(text)).data;
}

/** The count is told apart: RFC 9865 section 2.1 has an error of its own for it. */
function digestOf({ fingerprint }: CursorQuery): string {
  return createHash("sha256").update(fingerprint).digest("base64url").slice(0, 22);
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}

function invalidCursor(): ScimError {
  const detail = say`The cursor is not one that this query was given, or another parameter changed since; start again with an empty cursor.`;
  return new ScimError("invalidCursor", "cursor-invalid", detail);
}

function expiredCursor(): ScimError {
  const detail = say`The cursor is older than ${CURSOR_TIMEOUT_SECONDS} seconds; start again with an empty cursor.`;
  return new ScimError("expiredCursor", "cursor-expired", detail);
}

function invalidCount(count: number, first: number): ScimError {
  const detail = say`count is ${count}, and was ${first} on the first page; keep it the same on every page.`;
  return new ScimError("invalidCount", "count-invalid", detail);
}
