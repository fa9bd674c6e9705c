/** The shapes resources have on their way through the core: canonical, as stored, and as members of each other. */

export type ResourceType = "User" | "Group";

/**
 * A resource in canonical form: attribute names in schema case, extension attributes under their URN's key, nothing
 * unassigned. Without `id`, `meta`, `schemas`, `password`, `groups`, and, for a group, without `members`.
 */
export type Resource = Readonly<Record<string, unknown>>;

/** A group member as a client names it. */
export interface MemberRef {
  readonly value: string;
  readonly type?: "User" | "Group";
}

/** A body of POST or PUT. `members` is there for groups only; undefined says that the attribute was absent. */
export interface CanonicalBody {
  readonly resource: Resource;
  readonly members?: readonly MemberRef[];
  /**
   * Attributes that have a default because the client said nothing. A PUT keeps what they are: what locks a user out
   * must not be undone by silence. RFC 7644 section 3.5.1 leaves it to the server.
   */
  readonly unasserted?: readonly string[];
}

/** A group member as it is shown. */
export interface MemberView {
  readonly value: string;
  readonly type: "User" | "Group";
  readonly display?: string;
}

/** A group as it is shown on its user. */
export interface GroupView {
  readonly value: string;
  readonly type: "direct" | "indirect";
  readonly display?: string;
}

/** What a store holds of one resource. Dates are ISO 8601 in UTC with milliseconds. */
export interface Stored {
  readonly type: ResourceType;
  readonly id: string;
  readonly version: number;
  readonly created: string;
  readonly lastModified: string;
  readonly resource: Resource;
  readonly members?: readonly MemberView[];
  /** The group has more members than these. */
  readonly hasMoreMembers?: boolean;
  readonly groups?: readonly GroupView[];
}
