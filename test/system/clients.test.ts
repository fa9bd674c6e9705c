/**
 * Identity providers besides Azure AD, each with what it sends, in its order: written down in test/fixtures/<client>
 * after what is published of them, not taken from the wire. `{user}` stands for the id that the step which saves it was answered.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Dialect } from "../../src/scim/index.ts";
import { useOneService } from "./rfc/one-service.ts";

const { service } = useOneService();

interface Step {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: object;
  readonly status: number;
  readonly expect?: object;
  readonly absent?: readonly string[];
  readonly save?: string;
}

interface Recording {
  readonly source: string;
  /** Those that the client gets along with. */
  readonly dialects: readonly Dialect[];
  readonly steps: readonly Step[];
}

function recordingOf(client: string): Recording {
  const file = join(import.meta.dirname, `../fixtures/${client}/provisioning.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Recording;
}

const CASES = ["okta", "onelogin", "keycloak", "sailpoint", "jumpcloud", "google"].flatMap((client) =>
  recordingOf(client).dialects.map((dialect) => [client, dialect] as const),
);

test.each(CASES)("%s is served, with the dialect %s", async (client, dialect) => {
  const { scim } = await service().addTenant(dialect);
  const saved = new Map<string, string>();
  const fill = <Value>(value: Value): Value =>
    JSON.parse(
      JSON.stringify(value).replaceAll(/\{(user|group)\}/g, (_all, name: string) => saved.get(name) ?? "?"),
    ) as Value;

  for (const step of recordingOf(client).steps) {
    const { method, path, body } = fill({ method: step.method, path: step.path, body: step.body });
    const headers = step.contentType === undefined ? {} : { "Content-Type": step.contentType };
    const answer = await scim(method, path, body, { headers });

    expect([step.name, answer.status, answer.body]).toEqual([step.name, step.status, answer.body]);
    if (step.expect) expect([step.name, answer.body]).toMatchObject([step.name, fill(step.expect)]);
    for (const name of step.absent ?? []) expect(answer.body, step.name).not.toHaveProperty([name]);
    if (step.save !== undefined) saved.set(step.save, answer.body.id);
  }
});
