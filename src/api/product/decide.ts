/** Who may log in, and why: from what Postgres knows to the answer. Pure. */
import type { LoginFacts } from "../../store/login-checks.ts";

/** Names are data: products compare them. */
export type LoginReason =
  "active" | "deactivated" | "not_provisioned" | "not_activated" | "exempt" | "ambiguous";

export interface LoginAnswer {
  readonly allowed: boolean;
  readonly reason: LoginReason;
  /** Of the one user the value belongs to. */
  readonly userId?: string;
  /** What the user's groups give it; none for who may not log in. Absent where the tenant maps no group to a role. */
  readonly roles?: readonly string[];
}

export function decide(facts: LoginFacts): LoginAnswer {
  const { found, userId, active } = facts;
  const isKnown = found === 1 && userId !== null;
  const answer = (reason: LoginReason, allowed: boolean): LoginAnswer => ({
    allowed,
    reason,
    ...(isKnown && { userId }),
    ...(facts.roles !== null && { roles: allowed ? facts.roles : [] }),
  });
  const whenOff = facts.whenOff === "allow";
  if (facts.isExempt) return answer("exempt", true);
  if (!facts.isConnected) return answer("not_activated", whenOff);
  if (isKnown) return active === true ? answer("active", true) : answer("deactivated", false);
  if (!facts.isEnforced) return answer("not_activated", whenOff);
  return answer(found === 0 ? "not_provisioned" : "ambiguous", false);
}
