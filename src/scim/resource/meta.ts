/** A resource's `meta`, its address and its ETag. RFC 7643 section 3.1, RFC 7644 section 3.14. */
import { ENDPOINTS } from "../schema/registry.ts";
import type { ResourceType, Stored } from "./resource.ts";

export function metaOf(stored: Stored, baseUrl: string): Record<string, unknown> {
  const { type, id, created, lastModified, version } = stored;
  return {
    resourceType: type,
    created,
    lastModified,
    location: locationOf(type, id, baseUrl),
    version: weakEtag(version),
  };
}

/** @param baseUrl - address of the SCIM endpoint, without a slash at its end */
export function locationOf(type: ResourceType, id: string, baseUrl: string): string {
  return `${baseUrl}/${ENDPOINTS[type]}/${encodeURIComponent(id)}`;
}

/** Weak, because two servers may write the same version in other words. */
export function weakEtag(version: number): string {
  return `W/"${String(version)}"`;
}

/** Does an `If-Match` or `If-None-Match` header name this version, or any by `*`? Weak comparison, RFC 9110 section 13.1. */
export function matchesEtag(header: string, version: number): boolean {
  const wanted = `"${String(version)}"`;
  return header.split(",").some((part) => {
    const tag = part.trim();
    return tag === "*" || tag.replace(/^W\//i, "") === wanted;
  });
}
