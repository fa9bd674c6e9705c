/** What of a request is shown to whom: secrets to nobody, values to those who may mend, the form of it to all. */
import type { Role } from "../store/accounts.ts";
import { mayActAs } from "./page.ts";

export const HIDDEN = "•••";

// Words of the protocol: they say what was asked, never of whom.
const STRUCTURE = new Set(["op", "kind", "attribute", "sub", "extension", "schemas", "type", "operator"]);
const SECRET = /password|secret|token|credential/i;

/** People's values are for those who mend what failed. */
export function mayReadValues(role: Role): boolean {
  return mayActAs(role, "admin");
}

export function maskRequest(request: unknown, role: Role): unknown {
  return mayReadValues(role) ? withoutSecrets(request) : withoutValues(request);
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const { path, attribute } = value as { path?: unknown; attribute?: unknown };
  const isSecret = [path, attribute].some((name) => typeof name === "string" && SECRET.test(name));
  return mapFields(value, (name, inner) =>
    SECRET.test(name) || (isSecret && name === "value") ? HIDDEN : withoutSecrets(inner),
  );
}

function withoutValues(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutValues(item, name));
  if (typeof value === "object" && value !== null)
    return mapFields(value, (key, inner) => withoutValues(inner, key));
  if (name === "path" && typeof value === "string") return value.replace(/"[^\]]*"/g, `"${HIDDEN}"`);
  return STRUCTURE.has(name) || value === null ? value : HIDDEN;
}

function mapFields(fields: object, map: (name: string, value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(name, value)]));
}
