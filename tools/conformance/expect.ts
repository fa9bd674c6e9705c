/** What checks say of an answer. Each throws a Failure that carries the exchange. */
import { Failure } from "./check.ts";
import type { Answer } from "./http.ts";
import { ERROR, LIST } from "./urns.ts";
import { dig, isUnassigned, list, matches } from "./values.ts";

export function expectStatus(answer: Answer, ...statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return;
  throw new Failure(`expected ${statuses.join(" or ")}, got ${answer.status}`, answer);
}

/** The condition, or a failure with the words for it. */
export function expectThat(condition: boolean, otherwise: string, answer?: Answer): asserts condition {
  if (!condition) throw new Failure(otherwise, answer);
}

export function expectValue(answer: Answer, path: string, expected: unknown): void {
  const actual = dig(answer.body, path);
  if (matches(actual, expected)) return;
  throw new Failure(`${path} is ${show(actual)}, expected ${show(expected)}`, answer);
}

/** Every path with its value; undefined and [] expect nothing there. */
export function expectValues(answer: Answer, expected: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(expected)) expectValue(answer, path, value);
}

/** Not even null: the answer is without the attribute. */
export function expectLeftOut(answer: Answer, ...paths: readonly string[]): void {
  for (const path of paths) {
    const value = dig(answer.body, path);
    expectThat(isUnassigned(value), `${path} is ${show(value)}, expected it to be left out`, answer);
  }
}

export function expectPresent(answer: Answer, ...paths: readonly string[]): void {
  for (const path of paths) expectThat(!isUnassigned(dig(answer.body, path)), `${path} is missing`, answer);
}

/** A refusal with this status and, where the RFC names one, this scimType. */
export function expectRefusal(answer: Answer, status: number | readonly number[], scimType?: string): void {
  expectStatus(answer, ...(typeof status === "number" ? [status] : status));
  if (scimType !== undefined) expectValue(answer, "scimType", scimType);
}

/** The body and the content type of a refusal, RFC 7644 section 3.12. */
export function expectErrorForm(answer: Answer, status: number): void {
  expectStatus(answer, status);
  expectScimType(answer);
  expectThat(list(answer.body, "schemas").includes(ERROR), `schemas is without ${ERROR}`, answer);
  expectValue(answer, "status", String(status));
}

export function expectScimType(answer: Answer): void {
  const type = answer.headers.get("content-type") ?? "none";
  expectThat(/^application\/scim\+json\b/i.test(type), `the content type is ${type}`, answer);
}

/** A ListResponse, RFC 7644 section 3.4.2. @returns its resources */
export function expectList(answer: Answer): readonly unknown[] {
  expectStatus(answer, 200);
  expectThat(list(answer.body, "schemas").includes(LIST), `schemas is without ${LIST}`, answer);
  const resources = list(answer.body, "Resources");
  const total = dig(answer.body, "totalResults");
  expectThat(Number.isInteger(total), `totalResults is ${show(total)}, expected an integer`, answer);
  expectThat(resources.length <= Number(total), "Resources holds more than totalResults", answer);
  return resources;
}

/** A list of exactly these ids, in any order. */
export function expectIds(answer: Answer, ids: readonly string[]): void {
  const found = expectList(answer).map((resource) => dig(resource, "id"));
  const same = found.length === ids.length && ids.every((id) => found.includes(id));
  expectThat(same, `found ${found.length} resources, expected ${ids.length} (or others)`, answer);
  expectValue(answer, "totalResults", ids.length);
}

export function show(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
