/** The console's pages as addresses: each route that is read, with the ids of what was seeded in its place. */
import { ROUTES } from "../../src/dashboard/routes.ts";
import type { SeededConsole } from "./seed-console.ts";

export interface PageAddress {
  readonly route: string;
  readonly path: string;
}

/** What else a page is asked with, where its plain address shows little. */
function variantsOf(seeded: SeededConsole): Readonly<Record<string, readonly string[]>> {
  const { slug, userName, connectionId, cycleId } = seeded;
  const cause = "code=value-invalid&type=User&operation=patch";
  return {
    "/people": [`?tenant=${slug}&q=${userName}`, `?tenant=${slug}&q=user77`],
    "/failed": ["", `?tenant=${slug}`, `?tenant=${slug}&state=resolved`, `?cycle=${cycleId}`],
    "/tenants/:slug/failed": [`?${cause}`, `?${cause}&cycle=${cycleId}`],
    "/tenants/:slug/cycles": ["", `?connection=${connectionId}&result=refused`],
  };
}

// Not a page but a file, of everything there is: as long as the connection takes for it.
const WHOLE_DIRECTORY = "/tenants/:slug/export";

/** @returns the pages, and the routes for which nothing was seeded */
export function consolePages(seeded: SeededConsole): {
  readonly pages: readonly PageAddress[];
  readonly unknown: readonly string[];
} {
  const ids: readonly (readonly [RegExp, string])[] = [
    [/\/connections\/:id/, seeded.connectionId],
    [/\/cycles\/:id/, seeded.cycleId],
    [/\/users\/:id/, seeded.userId],
    [/\/groups\/:id/, seeded.groupId],
    [/\/failed\/:id/, seeded.failedWriteId],
  ];
  const variants = variantsOf(seeded);
  const pages: PageAddress[] = [];
  const unknown: string[] = [];
  for (const { method, path: route } of ROUTES) {
    if (method !== "get" || route === WHOLE_DIRECTORY) continue;
    const known = ids.find(([pattern]) => pattern.test(route));
    const path = route.replace(":slug", seeded.slug).replace(":id", known?.[1] ?? ":id");
    if (path.includes(":")) unknown.push(route);
    else for (const query of variants[route] ?? [""]) pages.push({ route, path: `${path}${query}` });
  }
  return { pages, unknown };
}
