/** What a check is, and the two ways in which it ends early: the server is wrong, or has no such feature. */
import type { ScimClient } from "./client.ts";
import type { Answer } from "./http.ts";

/**
 * MUST is the wording of the RFC (SHALL and REQUIRED included). ENTRA is what Microsoft's provisioning client does or
 * needs beyond it. SHOULD is a recommendation, so a server that does otherwise is warned about, not failed.
 */
export type Level = "MUST" | "SHOULD" | "ENTRA";

/** What a server may lack without being wrong; ServiceProviderConfig and ResourceTypes tell. */
export type Feature =
  "patch" | "bulk" | "filter" | "sort" | "etag" | "changePassword" | "cursor" | "groups" | "enterprise";

export interface CheckFacts {
  /** Stable, such as `rfc7644-3.5.2.2-remove-without-path`. */
  readonly id: string;
  /** What holds of a conforming server. */
  readonly title: string;
  /** Section of an RFC, or a page of Microsoft's documentation. */
  readonly source: string;
  readonly level: Level;
  readonly needs?: readonly Feature[];
}

export interface Check extends CheckFacts {
  /** @throws {Failure} when the server does otherwise; {Skip} when it turns out to lack the feature */
  run(client: ScimClient): Promise<void>;
}

export interface CheckGroup {
  readonly name: string;
  /** Needed by every check of the group. */
  readonly needs?: readonly Feature[];
  readonly checks: readonly Check[];
}

/** The server did not do what the check's title says. */
export class Failure extends Error {
  override readonly name = "Failure";
  /** The exchange that shows it; without one the last exchange of the check is told. */
  readonly answer: Answer | undefined;

  constructor(message: string, answer?: Answer) {
    super(message);
    this.answer = answer;
  }
}

/** The server says that it lacks what the check is about. */
export class Skip extends Error {
  override readonly name = "Skip";
}

/** Ends the check as skipped when the server answers that it does not offer the endpoint. */
export function skipUnlessOffered(answer: Answer): void {
  if (answer.status === 501) throw new Skip(`${answer.request.method} ${answer.request.path} is not offered`);
}
