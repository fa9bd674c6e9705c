/** The body of a login check: one person, or up to a thousand. */
import { isUtf8 } from "node:buffer";
import { z } from "zod";
import type { LoginField } from "../../store/login-checks.ts";
import { explain } from "./checked.ts";
import { ProblemError } from "./problem.ts";

export interface LoginCheck {
  readonly field: LoginField;
  readonly value: string;
  /** The answer is to name the user's groups. */
  readonly withGroups: boolean;
}

export interface LoginBody {
  readonly checks: readonly LoginCheck[];
  readonly isBatch: boolean;
}

const CHECKS_MAX = 1_000;
const VALUE_CHARS_MAX = 1_024;
const FIELDS = ["userName", "email", "externalId"] as const;

const value = z
  .string()
  .min(1)
  .max(VALUE_CHARS_MAX)
  // Postgres cannot hold NUL, and half a surrogate pair is not Unicode: nobody can have such a name.
  .regex(/^[^\0\ud800-\udfff]*$/u, "holds a character that no name can hold");

const Check = z
  .strictObject({
    userName: value.optional(),
    email: value.optional(),
    externalId: value.optional(),
    groups: z.boolean().default(false),
  })
  .refine((check) => FIELDS.filter((field) => check[field] !== undefined).length === 1, {
    error: "give exactly one of userName, email and externalId",
  })
  .transform((check): LoginCheck => {
    const field = FIELDS.find((name) => check[name] !== undefined) ?? "userName";
    return { field, value: check[field] ?? "", withGroups: check.groups };
  });
const Batch = z.strictObject({ checks: z.array(Check).min(1).max(CHECKS_MAX) });

/** @throws {ProblemError} 400 that says where and why */
export function readLoginBody(bytes: Buffer): LoginBody {
  const body = parse(bytes);
  const isBatch = typeof body === "object" && body !== null && "checks" in body;
  const result = isBatch ? Batch.safeParse(body) : Check.safeParse(body);
  if (!result.success) throw new ProblemError(400, "body-invalid", explain(result.error, "body"));
  return "checks" in result.data
    ? { checks: result.data.checks, isBatch }
    : { checks: [result.data], isBatch };
}

function parse(bytes: Buffer): unknown {
  const detail = 'the body is not JSON in UTF-8; send {"userName":"…"}, {"email":"…"} or {"externalId":"…"}';
  if (!isUtf8(bytes)) throw new ProblemError(400, "body-invalid", detail);
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    throw new ProblemError(400, "body-invalid", detail);
  }
}
