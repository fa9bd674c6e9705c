/** What the server says it can do: ServiceProviderConfig for features, ResourceTypes for resources. */
import type { Feature } from "./check.ts";
import type { Answer, Transport } from "./http.ts";
import { ENTERPRISE } from "./urns.ts";
import { dig, list } from "./values.ts";

const FLAGS: Readonly<Record<Exclude<Feature, "groups" | "enterprise">, string>> = {
  patch: "patch.supported",
  bulk: "bulk.supported",
  filter: "filter.supported",
  sort: "sort.supported",
  etag: "etag.supported",
  changePassword: "changePassword.supported",
  cursor: "pagination.cursor",
};
/** Nothing works with Azure AD without these, so a server that tells nothing is taken to have them. */
const ASSUMED: readonly Feature[] = ["patch", "filter", "groups", "enterprise"];

/** @throws {Error} when the server cannot be reached at all */
export async function readFeatures(transport: Transport): Promise<ReadonlySet<Feature>> {
  const config = await transport.send("GET", "/ServiceProviderConfig");
  const types = await transport.send("GET", "/ResourceTypes");
  return new Set([...flagsOf(config), ...resourcesOf(types)]);
}

function flagsOf(config: Answer): Feature[] {
  const told = config.status === 200;
  return (Object.keys(FLAGS) as (keyof typeof FLAGS)[]).filter((feature) =>
    told ? dig(config.body, FLAGS[feature]) === true : ASSUMED.includes(feature),
  );
}

function resourcesOf(types: Answer): Feature[] {
  const found = list(types.body, "Resources");
  if (types.status !== 200 || found.length === 0) return ["groups", "enterprise"];
  const user = found.find((type) => dig(type, "name") === "User");
  const extensions = list(user, "schemaExtensions").map((extension) => dig(extension, "schema"));
  return [
    ...(found.some((type) => dig(type, "name") === "Group") ? (["groups"] as const) : []),
    ...(extensions.includes(ENTERPRISE) ? (["enterprise"] as const) : []),
  ];
}
