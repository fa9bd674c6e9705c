/** The units of ops/systemd start what there is, side by side on one machine. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Config, ROLES } from "../../../src/platform/config.ts";

const ROOT = join(import.meta.dirname, "../../..");
const FOLDER = join(ROOT, "ops/systemd");
const units = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".service"))
  .map((name) => ({ name, text: readFileSync(join(FOLDER, name), "utf8") }));
const valueOf = (text: string, key: string): string | undefined =>
  new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1];

test.each(units)("$name runs a program that is built from what stands in src, without rights", ({ text }) => {
  const program = /node .*dist\/(src\/[\w/]+)\.js/.exec(valueOf(text, "ExecStart") ?? "")?.[1] ?? "";

  expect(existsSync(join(ROOT, `${program}.ts`)), program).toBe(true);
  expect(valueOf(text, "User")).toBe("rollcall");
  expect(valueOf(text, "NoNewPrivileges")).toBe("yes");
  expect(valueOf(text, "CapabilityBoundingSet")).toBe("");
  expect(valueOf(text, "ProtectSystem")).toBe("strict");
});

test("every unit is shut in as the others are", () => {
  const fences = units.map(({ text }) =>
    text
      .split("\n")
      .filter((line) => /^(NoNew|Capab|Ambient|Pro|Private|Restrict|Lock|RemoveIPC|System)/.test(line)),
  );

  expect(fences[0]?.length).toBeGreaterThan(20);
  for (const fence of fences) expect(fence).toEqual(fences[0]);
});

test("roles on one machine do not take each other's port for metrics", () => {
  const ports = ROLES.map((role) => {
    const file = join(FOLDER, `rollcall@${role}.service.d/metrics.conf`);
    if (!existsSync(file)) return Config.shape.METRICS_PORT.parse(undefined);
    return Number(/^Environment=METRICS_PORT=(\d+)$/m.exec(readFileSync(file, "utf8"))?.[1]);
  });

  expect(new Set(ports).size).toBe(ROLES.length);
  expect(ports.every((port) => port > 1_024)).toBe(true);
});

test("a process has the role that its unit is called by", () => {
  const { text = "" } = units.find(({ name }) => name === "rollcall@.service") ?? {};

  expect(valueOf(text, "Environment")).toContain("ROLES=%i");
});
