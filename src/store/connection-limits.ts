/** The limits of one connection: from where its requests may come, and how many a second. */
import { z } from "zod";
import { addressRanges } from "../platform/address-ranges.ts";
import type { Database, Transaction } from "./database.ts";

/** Null is no limit. */
export interface ConnectionLimits {
  readonly allowedAddresses: readonly string[] | null;
  readonly requestsPerSecond: number | null;
}

interface Of {
  readonly tenantId: string;
  readonly id: string;
}

const RANGES_MAX = 500;
const RATE_MAX = 100_000;

/** As they are typed: ranges between blanks, commas or lines. @throws {RangeError} naming the first that is none */
export function readAllowedAddresses(text: string): readonly string[] | null {
  const { texts } = addressRanges(text.split(/[\s,]+/));
  if (texts.length > RANGES_MAX)
    throw new RangeError(`${RANGES_MAX} ranges at most, and these are ${texts.length}`);
  return texts.length === 0 ? null : texts;
}

/** As it is typed; empty is no limit. @throws {RangeError} */
export function readRate(text: string): number | null {
  if (text.trim() === "") return null;
  const rate = z.coerce.number().int().min(1).max(RATE_MAX).safeParse(text.trim());
  if (rate.success) return rate.data;
  throw new RangeError(`requests a second are a whole number from 1 to ${RATE_MAX}`);
}

export async function findConnectionLimits(db: Database, { tenantId, id }: Of): Promise<ConnectionLimits> {
  const rows = await db.query<ConnectionLimits>(
    `SELECT allowed_addresses AS "allowedAddresses", requests_per_second AS "requestsPerSecond"
       FROM connections WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id],
  );
  return rows[0] ?? { allowedAddresses: null, requestsPerSecond: null };
}

/** Holds from the commit on, for all api processes. */
export async function setConnectionLimits(
  tx: Transaction,
  { tenantId, id }: Of,
  { allowedAddresses, requestsPerSecond }: ConnectionLimits,
): Promise<void> {
  await tx.query(
    `UPDATE connections SET allowed_addresses = $3, requests_per_second = $4
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, allowedAddresses, requestsPerSecond],
  );
}

/** In one line, for the audit and for lists. */
export function limitsText({ allowedAddresses, requestsPerSecond }: ConnectionLimits): string {
  const from = allowedAddresses === null ? "from anywhere" : `from ${allowedAddresses.join(", ")}`;
  return `${from}, ${requestsPerSecond === null ? "at any rate" : `${requestsPerSecond} requests a second`}`;
}
