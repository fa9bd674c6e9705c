/** What the client is given and what it answers; docs/product-api.md says what each reason means. */

/** Exactly one field says who; `groups` asks for the groups of the user as well. */
export type LoginCheck = { readonly groups?: boolean } & (
  { readonly userName: string } | { readonly email: string } | { readonly externalId: string }
);

export type LoginReason =
  | "active"
  | "deactivated"
  | "not_provisioned"
  | "not_activated"
  | "exempt"
  | "ambiguous"
  /** Rollcall gave no answer; the tenant's choice for that case was taken. */
  | "unreachable";

export interface LoginAnswer {
  readonly allowed: boolean;
  /** A later version of Rollcall may know more reasons; `allowed` is what counts. */
  readonly reason: LoginReason;
  readonly userId?: string;
  /**
   * Roles that the user has through its groups, sorted; none for who may not log in. Absent where no group is mapped to a
   * role, and while Rollcall is unreachable.
   */
  readonly roles?: readonly string[];
  readonly groups?: readonly { readonly id: string; readonly displayName?: string }[];
}

export interface RollcallClientOptions {
  /** Where the api listens, such as https://scim.example.com; the path is added. */
  readonly url: string;
  /** A product key, `rk_…`. */
  readonly key: string;
  /** How long one attempt may take; 1,000 by default. */
  readonly timeoutMs?: number;
  /** Further attempts where Rollcall gave no answer; 1 by default. */
  readonly retries?: number;
  /** How long an answer is used again; 0 asks every time. 1,000 by default. */
  readonly cacheMs?: number;
  /** Without it, what the tenant chose and Rollcall told with its last answer; before any answer, "refuse". */
  readonly whenUnreachable?: "allow" | "refuse";
  /** Told of every attempt that gave no answer, for the product's log. */
  readonly onUnreachable?: (error: unknown) => void;
}
