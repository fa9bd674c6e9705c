/**
 * Refusals the SCIM protocol defines, as values a client may see.
 *
 * Thrown by the core and turned into a response body by `toBody()`. Nothing here knows about HTTP frameworks,
 * queues or databases. Source: RFC 7644 section 3.12, table 9; RFC 9865 section 2.1.
 */
import type { ErrorCode } from "./error-codes.ts";
import { URNS } from "./urns.ts";

/** `scimType` keyword → HTTP status it travels with. */
export const SCIM_TYPES = {
  invalidFilter: 400,
  tooMany: 400,
  uniqueness: 409,
  mutability: 400,
  invalidSyntax: 400,
  invalidPath: 400,
  noTarget: 400,
  invalidValue: 400,
  invalidVers: 400,
  sensitive: 403,
  invalidCursor: 400,
  expiredCursor: 400,
  invalidCount: 400,
} as const satisfies Record<string, number>;

export type ScimType = keyof typeof SCIM_TYPES;

/** A sentence for an admin; `masked` is the same without values that may be personal, for logs and job lists. */
export interface Detail {
  readonly text: string;
  readonly masked: string;
}

/** A word of ours, such as an attribute's name: never personal, shown as it is. */
export interface Term {
  readonly term: string;
}

export interface ScimErrorBody {
  readonly schemas: readonly string[];
  readonly status: string;
  readonly scimType?: ScimType;
  readonly detail: string;
}

export class ScimError extends Error {
  override readonly name = "ScimError";
  readonly status: number;
  readonly scimType: ScimType | undefined;
  readonly code: ErrorCode;
  readonly detail: Detail;

  /**
   * @param fault - a `scimType`, which brings its status, or a bare status
   * @param detail - made by `say`; the error's `message` is the masked form, because messages reach logs
   */
  constructor(fault: ScimType | number, code: ErrorCode, detail: Detail) {
    super(detail.masked);
    this.status = typeof fault === "number" ? fault : SCIM_TYPES[fault];
    this.scimType = typeof fault === "number" ? undefined : fault;
    this.code = code;
    this.detail = detail;
  }

  toBody(): ScimErrorBody {
    return {
      schemas: [URNS.error],
      status: String(this.status),
      ...(this.scimType && { scimType: this.scimType }),
      detail: this.detail.text,
    };
  }
}

const SHOWN_CHARS_MAX = 100; // Enough to recognise a value, short enough for a line in Azure's provisioning log.

export function term(text: string): Term {
  return { term: text };
}

/**
 * Writes a detail: numbers and terms stand as they are, any other string is a client's value, which is quoted
 * and cut in `text` and hidden in `masked`.
 */
export function say(strings: TemplateStringsArray, ...values: readonly (string | number | Term)[]): Detail {
  let text = strings[0] ?? "";
  let masked = text;
  values.forEach((value, index) => {
    const after = strings[index + 1] ?? "";
    text += (typeof value === "string" ? quote(value) : plain(value)) + after;
    masked += (typeof value === "string" ? "'…'" : plain(value)) + after;
  });
  return { text, masked };
}

function plain(value: number | Term): string {
  return typeof value === "number" ? String(value) : value.term;
}

function quote(value: string): string {
  const chars = value.length <= SHOWN_CHARS_MAX ? value : `${value.slice(0, SHOWN_CHARS_MAX)}…`;
  return `'${chars}'`;
}
