/** Azure AD as the simulator plays it, one person at a time: assigned and removed as an admin does it in the portal. */
import { createClient } from "../../tools/azure-ad/client.ts";
import { probe, provision } from "../../tools/azure-ad/cycles.ts";
import { createDialects } from "../../tools/azure-ad/dialect.ts";
import { addPerson, createDirectory } from "../../tools/azure-ad/directory.ts";
import { createTransport } from "../../tools/azure-ad/http.ts";
import { createFindings, createLinks } from "../../tools/azure-ad/links.ts";
import type { Person } from "../../tools/azure-ad/people.ts";
import { createProgress } from "../../tools/azure-ad/progress.ts";
import { createScim } from "../../tools/azure-ad/scim.ts";
import { createStats } from "../../tools/azure-ad/stats.ts";
import type { World } from "../../tools/azure-ad/world.ts";

export interface Azure {
  /** What the portal's Test Connection sends; throws where the service does not answer as it should. */
  testConnection(): Promise<void>;
  /** Somebody whom Azure has, and does not provision. */
  hire(): Person;
  /** Resolves once the service has answered that the person is there and active. */
  assign(person: Person): Promise<void>;
  /** Resolves once the service has answered that the person is deactivated. */
  remove(person: Person): Promise<void>;
  stop(): void;
}

/** @param apiUrl - of the service; the token is that of a connection */
export function startAzure(apiUrl: string, token: string): Azure {
  const transport = createTransport({ url: `${apiUrl}/scim/v2`, token, connections: 1, timeoutMs: 60_000 });
  const retry = { tries: 8, baseMs: 250, maxMs: 15_000 };
  const world: World = {
    scim: createScim(createClient({ transport, stats: createStats(), retry })),
    directory: createDirectory({ seed: 7, users: 0, groups: 0, groupSize: 0, tag: "" }),
    links: createLinks(),
    findings: createFindings(),
    nextDialect: createDialects("legacy"),
    membersPerPatch: 20,
    pool: { concurrency: 1, isStopping: () => false },
    progress: createProgress(undefined),
  };
  const sync = async (person: Person): Promise<void> => {
    await provision(world, { people: new Set([person.key]), groups: new Set() });
    const [why] = world.links.escrow.entries().values();
    if (why !== undefined) throw new Error(`Azure could not provision ${person.userName}: ${why}`);
  };
  return {
    testConnection: () => probe(world, 0),
    hire: () => addPerson(world.directory, ""),
    assign: (person) => {
      person.status = "active";
      return sync(person);
    },
    remove: (person) => {
      person.status = "disabled";
      return sync(person);
    },
    stop: () => transport.close(),
  };
}
