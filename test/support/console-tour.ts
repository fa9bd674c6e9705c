/**
 * Every page that the console answers, once: what its picture is called, and where it stands in an installation that
 * has something to show for it. Tests go by this list and so do the pictures; a route without its line fails a test.
 */
import { ROUTES } from "../../src/dashboard/routes.ts";

/** Pages for who is signed in, by the path of their route. */
export const PICTURES: Readonly<Record<string, string>> = {
  "/": "overview",
  "/activate": "activate",
  "/failed": "failed",
  "/people": "people",
  "/account": "account",
  "/settings": "settings",
  "/settings/accounts": "accounts",
  "/settings/accounts/:id": "account-of",
  "/settings/audit": "audit",
  "/tenants/:slug": "tenant",
  "/tenants/:slug/cycles": "cycles",
  "/tenants/:slug/cycles/:id": "cycle",
  "/tenants/:slug/attributes": "attributes",
  "/tenants/:slug/roles": "roles",
  "/tenants/:slug/preparation": "preparation",
  "/tenants/:slug/reconciliations": "reconciliations",
  "/tenants/:slug/reconciliations/:id": "reconciliation",
  "/tenants/:slug/gate": "gate",
  "/tenants/:slug/keys": "keys",
  "/tenants/:slug/keys/:id/revoke": "key-revoke",
  "/tenants/:slug/webhooks": "webhooks",
  "/tenants/:slug/webhooks/:id": "webhook",
  "/tenants/:slug/webhooks/:id/delete": "webhook-delete",
  "/tenants/:slug/leaving": "leaving",
  "/tenants/:slug/users/:id": "person",
  "/tenants/:slug/groups/:id": "group",
  "/tenants/:slug/failed": "cause",
  "/tenants/:slug/failed/:id": "failure",
  "/tenants/:slug/connect": "connect",
  "/tenants/:slug/connections/:id": "connection",
  "/tenants/:slug/connections/:id/dialect": "dialect",
  "/tenants/:slug/connections/:id/limits": "limits",
  "/tenants/:slug/connections/:id/oauth": "oauth",
  "/tenants/:slug/connections/:id/digest": "digest",
  "/tenants/:slug/connections/:id/guard": "guard",
  "/tenants/:slug/connections/:id/rotate": "rotate",
  "/tenants/:slug/connections/:id/revoke": "revoke",
  "/tenants/:slug/connections/:id/tokens/:token/revoke": "token-revoke",
  "/tenants/:slug/connections/:id/disconnect": "disconnect",
};

/** Answered by a file, which is no page. */
export const FILES = [
  "/tenants/:slug/export",
  "/tenants/:slug/preparation/people.csv",
  "/tenants/:slug/reconciliations/:id/differences.csv",
];

/** Pages for who is not. */
export const PUBLIC_PAGES = ["/sign-in", "/sign-in/oidc", "/sign-in/callback", "/welcome"];

/** Paths of the routes of whoever is signed in. */
export const PAGE_PATHS = ROUTES.filter(({ method, path }) => method === "get" && !FILES.includes(path)).map(
  ({ path }) => path,
);

/** What stands behind each of these in an address; `tenants` is a slug, the others are ids. */
export type TourIds = Readonly<
  Record<
    | "accounts"
    | "tenants"
    | "connections"
    | "tokens"
    | "cycles"
    | "users"
    | "groups"
    | "failed"
    | "keys"
    | "webhooks"
    | "reconciliations",
    string
  >
>;

const CAUSE = "code=userName-taken&type=User&operation=create";

/** @returns where the page stands; with a colon in it where `ids` do not say of what it is */
export function addressOf(path: string, ids: TourIds): string {
  const known = new Map<string, string>(Object.entries(ids));
  const filled = path.replaceAll(/\/([\w-]+)\/:\w+/g, (whole, of: string) => {
    const id = known.get(of);
    return id === undefined || id === "" ? whole : `/${of}/${id}`;
  });
  if (path === "/people") return `${filled}?tenant=${ids.tenants}&q=a`;
  return path === "/tenants/:slug/failed" ? `${filled}?${CAUSE}` : filled;
}

/** Of a tenant in which nothing has happened yet, the pages there are. */
export const EMPTY_PATHS = PAGE_PATHS.filter((path) => {
  const [, rest] = /^\/tenants\/:slug(?:\/connections\/:id)?(.*)$/.exec(path) ?? [];
  return rest !== undefined && !rest.includes(":") && path !== "/tenants/:slug/failed";
});

/** Pictures of what is no route of whoever is signed in: what is shown before, once, or instead. */
export const MORE_PICTURES: readonly string[] = ["sign-in", "token", "not-found", "queues"];

/** Pictures that are taken in the dark as well. */
export const DARK_PICTURES: readonly string[] = [
  "overview",
  "connection",
  "cycle",
  "failed",
  "failure",
  "person",
  "queues",
];
