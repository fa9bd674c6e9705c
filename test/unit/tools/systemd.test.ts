/** The units of ops/systemd start what there is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const FOLDER = join(ROOT, "ops/systemd");
const units = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), "utf8") }));
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

test("a process has the role that its unit is called by", () => {
  const { text = "" } = units.find(({ name }) => name === "rollcall@.service") ?? {};

  expect(valueOf(text, "Environment")).toContain("ROLES=%i");
});
