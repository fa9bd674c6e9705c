/** Filters: the grammar of RFC 7644 section 3.4.2.2, what is matched, and what is refused with its position. */
import { describe, expect, test } from "vitest";
import {
  CORE_MODELS,
  evaluate,
  parseFilter,
  type Resource,
  searchDocument,
} from "../../../src/scim/index.ts";
import { refusalOf } from "../../support/refusal.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const barbara: Resource = {
  userName: "B.Jensen@Contoso.com",
  externalId: "Ext-1",
  active: true,
  title: "Tour Guide",
  name: { givenName: "Barbara", familyName: "Jensen" },
  emails: [
    { value: "b@contoso.com", type: "work", primary: true },
    { value: "babs@jensen.org", type: "home" },
  ],
  [ENTERPRISE]: { department: "Tours", manager: { value: "m-1" } },
};

const candidate = {
  id: "018f0000-0000-7000-8000-000000000001",
  created: "2026-11-24T09:30:00.000Z",
  lastModified: "2026-11-24T10:30:00.000Z",
  search: searchDocument(CORE_MODELS.User, barbara),
  memberIds: ["g-1"],
};

const matches = (filter: string): boolean =>
  evaluate(parseFilter(filter), { models: CORE_MODELS, type: "User" }, candidate);

describe("matches", () => {
  test.each([
    ['userName eq "b.jensen@contoso.com"', true],
    ['USERNAME Eq "B.JENSEN@CONTOSO.COM"', true],
    ['userName eq "b.jensen"', false],
    ['externalId eq "Ext-1"', true],
    ['externalId eq "ext-1"', false],
    ["externalId eq Ext-1", true],
    ['id eq "018f0000-0000-7000-8000-000000000001"', true],
    ['id eq "no uuid"', false],
    ["title pr", true],
    ["nickName pr", false],
    ["nickName eq null", true],
    ["title eq null", false],
    ['nickName ne "x"', true],
    ['title ne "tour guide"', false],
    ['title co "GUIDE"', true],
    ['title sw "tour"', true],
    ['title ew "guide"', true],
    ['title ew "tour"', false],
    ['title gt "Tour"', true],
    ['title lt "Tour"', false],
    ["active eq true", true],
    ['active eq "True"', true],
    ["active ne true", false],
    ['emails.value eq "BABS@jensen.org"', true],
    ['emails eq "b@contoso.com"', true],
    ['emails co "@jensen"', true],
    ['emails[type eq "work"].value eq "b@contoso.com"', true],
    ['emails[type eq "home"].value eq "b@contoso.com"', false],
    ['emails[type eq "home" and value co "@contoso.com"]', false],
    ['emails.type eq "home" and emails.value co "@contoso.com"', true],
    ['emails[primary eq true].value eq "b@contoso.com"', true],
    ['emails[primary eq "True" and value sw "b@"]', true],
    ['emails[primary eq false].value eq "babs@jensen.org"', true],
    ['emails[not (type eq "work")]', true],
    ['phoneNumbers[type eq "work"]', false],
    ["emails pr", true],
    ["phoneNumbers pr", false],
    ['name.familyName sw "j"', true],
    ["name pr", true],
    ["addresses pr", false],
    [`${ENTERPRISE}:department eq "tours"`, true],
    ['urn:ietf:params:scim:schemas:core:2.0:User:name.givenName eq "barbara"', true],
    ['department eq "Tours"', true],
    ['manager.value eq "m-1"', true],
    ['manager eq "m-1"', true],
    [`schemas eq "${ENTERPRISE}"`, true],
    ['schemas eq "urn:other"', false],
    ['groups.value eq "g-1"', true],
    ['groups eq "g-2"', false],
    ['meta.created eq "2026-11-24T10:30:00+01:00"', true],
    ['meta.lastModified gt "2026-11-24T10:29:59Z"', true],
    ['meta.lastModified lt "2026-11-24T10:30:00Z"', false],
    ['meta.resourceType eq "User"', true],
    ['title pr and nickName pr or userName sw "b"', true],
    ['title pr and (nickName pr or userName sw "x")', false],
    ["not (nickName pr)", true],
    ["not(title pr) or not (active eq true)", false],
    ['not (title eq "x") and not (title eq "y")', true],
    ['title eq "Tour\\u0020Guide"', true],
  ])("%s: %s", (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });
});

describe("is refused", () => {
  test.each([
    ["", "filter-syntax", /character 1:/],
    ["userName", "filter-syntax", /character 9:.*operator/],
    ["userName eq", "filter-syntax", /character 12:.*value/],
    ['userName xx "a"', "filter-syntax", /eq, ne/],
    ['userName eq "a', "filter-syntax", /closing quote/],
    ['userName eq "\\x"', "filter-syntax", /JSON string/],
    ['userName eq "\\u0000"', "filter-syntax", /NUL/],
    ['userName eq "a" userName eq "b"', "filter-syntax", /'and', 'or' or the end/],
    ['(userName eq "a"', "filter-syntax", /parenthesis/],
    ['emails[type eq "work"', "filter-syntax", /bracket/],
    ['emails[type[a eq 1] eq "x"]', "filter-syntax", /brackets cannot stand within/],
    ['userName eq "a" and', "filter-syntax", /attribute name/],
    ["1a eq 2", "filter-syntax", /attribute is expected/],
    ["shoeSize eq 42", "filter-attribute-unknown", /shoeSize/],
    ['emails.colour eq "x"', "filter-attribute-unknown", /colour/],
    ['name eq "Barbara"', "filter-needs-sub-attribute", /name\.formatted/],
    ["active gt true", "filter-operator-unsupported", /eq, ne/],
    ['meta.created co "2026"', "filter-operator-unsupported", /dateTime/],
    ['active eq "perhaps"', "filter-value-type", /boolean/],
    ['meta.created gt "yesterday"', "filter-value-type", /dateTime/],
    ["title gt null", "filter-operator-unsupported", /null/],
    ['password eq "x"', "filter-attribute-unsupported", /password/],
    [`${"(".repeat(40)}title pr${")".repeat(40)}`, "filter-too-deep", /32/],
    [`title eq "${"x".repeat(10_000)}"`, "filter-too-long", /10000/],
  ])("%s as %s", (filter, code, detail) => {
    const error = refusalOf(() => matches(filter));
    expect([error.status, error.scimType, error.code]).toEqual([400, "invalidFilter", code]);
    expect(error.detail.text).toMatch(detail);
  });
});
