/** A plain SCIM client for tests: what goes over the wire is what the test wrote. */

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; null where there was none, which a test that expects one would stumble on. */
  readonly body: ScimBody;
}

/** A user, group, list, error or discovery document: what tests look into. */
export interface ScimBody {
  readonly id: string;
  readonly schemas: readonly string[];
  readonly meta: Readonly<Record<"created" | "lastModified" | "location" | "version", string>>;
  readonly userName?: string;
  readonly active?: boolean;
  readonly title?: string;
  readonly displayName?: string;
  readonly emails?: readonly object[];
  readonly groups?: readonly { readonly display: string; readonly type: string }[];
  readonly members?: readonly { readonly value: string }[];
  readonly "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"?: {
    readonly department?: string;
    readonly manager?: { readonly value: string };
  };
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly nextCursor?: string;
  readonly Resources: readonly ScimBody[];
  readonly status: string;
  readonly scimType?: string;
  readonly detail: string;
}

export interface ScimRequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is instead of a JSON body. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  /** Hangs up. */
  readonly signal?: AbortSignal;
}

export type ScimClient = (
  method: string,
  path: string,
  body?: unknown,
  options?: ScimRequestOptions,
) => Promise<ScimAnswer>;

/** @param scimUrl - ends in /scim/v2 */
export function createScimClient(scimUrl: string, token: string): ScimClient {
  return async (method, path, body, options = {}) => {
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${scimUrl}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(payload !== undefined && { "Content-Type": "application/scim+json; charset=utf-8" }),
        ...options.headers,
      },
      ...(payload !== undefined && { body: payload }),
      ...(options.signal && { signal: options.signal }),
    });
    const text = await response.text();
    const json: unknown = text === "" ? null : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: json as ScimBody };
  };
}

/** `key=value` as Azure writes it: a space is a plus. */
export function filterQuery(filter: string): string {
  return `?filter=${encodeURIComponent(filter).replaceAll("%20", "+")}`;
}
