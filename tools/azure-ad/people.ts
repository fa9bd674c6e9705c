/** One person of the model directory, as Entra ID holds it before any mapping. */
import { DEPARTMENTS, FAMILY_NAMES, GIVEN_NAMES, OFFICES, TITLES } from "./names.ts";
import type { Office } from "./names.ts";
import { createRandom, deriveSeed } from "./random.ts";

/** `disabled`: unassigned, soft-deleted or switched off. `purged`: gone from the recycle bin. */
export type PersonStatus = "active" | "disabled" | "purged";

export interface Person {
  /** The object id in the source directory: what the simulator knows the person by. */
  readonly key: string;
  readonly number: number;
  userName: string;
  givenName: string;
  familyName: string;
  title: string;
  department: string;
  readonly mailNickname: string;
  mail: string;
  readonly proxyMail: string | undefined;
  readonly employeeId: string;
  office: Office;
  telephone: string;
  readonly mobile: string | undefined;
  readonly fax: string | undefined;
  managerKey: string | undefined;
  status: PersonStatus;
  /** Cycles spent disabled: after some, the recycle bin is emptied. */
  cyclesDisabled: number;
}

const DOMAIN = "contoso.example";

export interface PersonSpec {
  readonly seed: number;
  readonly number: number;
  /** Distinguishes people who joined in this run from those of an earlier run; empty for first-day staff. */
  readonly tag: string;
}

/** Makes person `number`: the same for the same seed, number and tag, whoever else exists. */
export function makePerson({ seed, number, tag }: PersonSpec): Person {
  const random = createRandom(deriveSeed(seed, `person ${number} ${tag}`));
  const [givenName, given] = random.pick(GIVEN_NAMES);
  const [familyName, family] = random.pick(FAMILY_NAMES);
  const local = `${given}.${family}.${number}${tag === "" ? "" : `-${tag}`}`;
  const office = random.pick(OFFICES);
  const phone = (): string => `${office.dialCode} ${100 + random.below(900)} ${1000 + random.below(9000)}`;
  return {
    key: random.guid(),
    number,
    // Sign-in names differ in letter case between companies; servers must keep what was sent.
    userName: random.chance(0.1) ? `${local.toUpperCase()}@${DOMAIN}` : `${local}@${DOMAIN}`,
    givenName,
    familyName,
    title: random.pick(TITLES),
    department: random.pick(DEPARTMENTS),
    mailNickname: local,
    mail: `${local}@${DOMAIN}`,
    proxyMail: random.chance(0.2) ? `${given}${number}${tag}@mail.${DOMAIN}` : undefined,
    employeeId: `E${String(100_000 + number)}${tag}`,
    office,
    telephone: phone(),
    mobile: random.chance(0.4) ? phone() : undefined,
    fax: random.chance(0.1) ? phone() : undefined,
    managerKey: undefined,
    status: "active",
    cyclesDisabled: 0,
  };
}

/** The sign-in name and address after a change of name, as an administrator would give them. */
export function rename(person: Person, familyName: string, ascii: string): void {
  const local = `${person.mailNickname.split(".")[0] ?? "x"}.${ascii}.${person.number}`;
  person.familyName = familyName;
  // The nickname keeps what makes a joiner of this run unique.
  const tag = person.mailNickname.split(".").at(-1)?.split("-").slice(1).join("-") ?? "";
  const unique = tag === "" ? local : `${local}-${tag}`;
  person.userName = `${unique}@${DOMAIN}`;
  person.mail = `${unique}@${DOMAIN}`;
}
