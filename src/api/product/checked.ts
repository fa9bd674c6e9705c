/** What a product sends, held against a schema. */
import { z } from "zod";
import { ProblemError } from "./problem.ts";

/** As Postgres can hold it: it knows no NUL, and half a surrogate pair is not Unicode. */
export const storableText = z
  .string()
  .max(1_024)
  .regex(/^[^\0\ud800-\udfff]*$/u, "holds a character that cannot be stored");

/** @throws {ProblemError} 400 that says where and why */
export function checked<Output>(schema: z.ZodType<Output>, value: unknown, what: "body" | "query"): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const code = what === "body" ? "body-invalid" : "parameter-invalid";
  throw new ProblemError(400, code, explain(result.error, what));
}

/** The first thing that is wrong, and where; never the value, which may be a person's name. */
export function explain(error: z.ZodError, what: "body" | "query"): string {
  const [issue] = error.issues;
  const path = issue?.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)) ?? [];
  const where = `${what}${path.join("")}`;
  return `${where}: ${issue?.message ?? "is not understood"}`;
}
