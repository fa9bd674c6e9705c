/** User, EnterpriseUser and what Rollcall adds to them, as data. RFC 7643 sections 4.1, 4.3 and 8.7.1. */
import { URNS } from "../urns.ts";
import { type AttributeData, defineSchema } from "./attribute.ts";
import { DISPLAY, INDEXED_CHARS_MAX, label, PRIMARY } from "./common.ts";

const name: AttributeData = {
  name: "name",
  description: "The parts of the user's name.",
  type: "complex",
  subAttributes: [
    { name: "formatted", description: "Full name, as it is displayed." },
    { name: "familyName", description: "Family name, or last name." },
    { name: "givenName", description: "Given name, or first name." },
    { name: "middleName", description: "Middle names." },
    { name: "honorificPrefix", description: "Title before the name, such as Dr." },
    { name: "honorificSuffix", description: "Suffix after the name, such as III." },
  ],
};

const addresses: AttributeData = {
  name: "addresses",
  description: "Postal addresses.",
  type: "complex",
  multiValued: true,
  subAttributes: [
    { name: "formatted", description: "Full address, as it is displayed or printed on a label." },
    { name: "streetAddress", description: "Street, house number and further lines." },
    { name: "locality", description: "City or locality." },
    { name: "region", description: "State or region." },
    { name: "postalCode", description: "Postal code." },
    { name: "country", description: "Country, as ISO 3166-1 alpha-2 code." },
    label("What the address is for.", ["work", "home", "other"]),
    PRIMARY,
  ],
};

const groups: AttributeData = {
  name: "groups",
  description: "Groups the user belongs to; changed through the groups.",
  type: "complex",
  multiValued: true,
  mutability: "readOnly",
  subAttributes: [
    { name: "value", description: "Identifier of the group.", caseExact: true, mutability: "readOnly" },
    {
      name: "$ref",
      description: "URI of the group.",
      type: "reference",
      referenceTypes: ["Group"],
      mutability: "readOnly",
    },
    { name: "display", description: "Name of the group.", mutability: "readOnly" },
    {
      name: "type",
      description: "Whether the membership is direct or through another group.",
      canonicalValues: ["direct", "indirect"],
      mutability: "readOnly",
    },
  ],
};

const x509Certificates = plural("x509Certificates", "Certificates issued to the user.", {
  value: { name: "value", description: "The certificate, DER in base64.", type: "binary" },
});

export const USER = defineSchema({
  id: URNS.user,
  name: "User",
  description: "A person's account.",
  attributes: [
    {
      name: "userName",
      description: "Name the user signs in with, unique without regard to letter case.",
      required: true,
      uniqueness: "server",
      charsMax: INDEXED_CHARS_MAX,
    },
    name,
    { name: "displayName", description: "Name to show for the user." },
    { name: "nickName", description: "Casual name." },
    {
      name: "profileUrl",
      description: "URI of the user's profile page.",
      type: "reference",
      referenceTypes: ["external"],
    },
    { name: "title", description: "Job title." },
    { name: "userType", description: "Relation to the organization, such as Employee or Contractor." },
    { name: "preferredLanguage", description: "Preferred languages, as in an Accept-Language header." },
    { name: "locale", description: "Locale for dates, numbers and currency, such as en-US." },
    { name: "timezone", description: "Time zone by its IANA name, such as Europe/Paris." },
    { name: "active", description: "Whether the user may sign in.", type: "boolean" },
    {
      name: "password",
      description: "Accepted and discarded: the identity provider keeps passwords.",
      caseExact: true,
      mutability: "writeOnly",
      returned: "never",
    },
    plural("emails", "E-mail addresses.", { types: ["work", "home", "other"] }),
    plural("phoneNumbers", "Phone numbers.", {
      types: ["work", "home", "mobile", "fax", "pager", "other"],
    }),
    plural("ims", "Instant messaging addresses.", {
      types: ["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
    }),
    plural("photos", "Photos of the user.", {
      types: ["photo", "thumbnail"],
      value: {
        name: "value",
        description: "URI of the photo.",
        type: "reference",
        referenceTypes: ["external"],
      },
    }),
    addresses,
    groups,
    plural("entitlements", "Things the user has a right to.", {}),
    plural("roles", "Roles of the user.", {}),
    x509Certificates,
  ],
});

export const ENTERPRISE_USER = defineSchema({
  id: URNS.enterpriseUser,
  name: "EnterpriseUser",
  description: "What an organization adds to its users.",
  attributes: [
    { name: "employeeNumber", description: "Identifier the organization gives, such as a personnel number." },
    { name: "costCenter", description: "Name of the cost center." },
    { name: "organization", description: "Name of the organization." },
    { name: "division", description: "Name of the division." },
    { name: "department", description: "Name of the department." },
    {
      name: "manager",
      description: "The user's manager.",
      type: "complex",
      subAttributes: [
        { name: "value", description: "Identifier of the manager's user.", caseExact: true },
        {
          name: "$ref",
          description: "URI of the manager's user.",
          type: "reference",
          referenceTypes: ["User"],
        },
        { name: "displayName", description: "Name of the manager.", mutability: "readOnly" },
      ],
    },
  ],
});

/** Written by Rollcall alone, when an identity provider adopts somebody whom the product knew before. */
export const PRODUCT_USER = defineSchema({
  id: URNS.productUser,
  name: "ProductUser",
  description: "What the product knew of its user before the directory was connected.",
  attributes: [
    {
      name: "productId",
      description: "Identifier the product itself has for the user.",
      caseExact: true,
      mutability: "readOnly",
    },
  ],
});

/** A multi-valued attribute of the usual form: value, display, type, primary. */
function plural(
  attributeName: string,
  description: string,
  { types = [], value }: { readonly types?: readonly string[]; readonly value?: AttributeData },
): AttributeData {
  return {
    name: attributeName,
    description,
    type: "complex",
    multiValued: true,
    subAttributes: [
      value ?? { name: "value", description: "The value itself." },
      DISPLAY,
      label("What the value is for.", types),
      PRIMARY,
    ],
  };
}
