/** docs/attributes.md, made from the schemas that the service publishes, so that it cannot say anything else. */
import { CORE_MODELS, defineModels, type Extensions, type Model } from "../../src/scim/index.ts";
import { AZURE_GROUP_SOURCES, AZURE_SOURCES, JAVELO_SOURCES } from "./azure.ts";

type Schema = Model["core"];
type Attribute = Schema["attributes"][number];
type Sources = Readonly<Record<string, string>>;

const INTRO = `# Attributes

Made from the schemas by \`npm run docs:attributes\`; a test compares. Every attribute may be read, written, filtered, sorted,
patched and projected as its columns say. Names are compared without letter case. **required** must have a value; **exact** is
compared with its letter case. A sub-attribute stands under its attribute.

**Azure's source** is what Azure AD maps to it by default, or usually; where there is none, a mapping has to be added.
`;

const HOW_TO = `## Attributes of a tenant's own

An extension is a schema in the form of RFC 7643, section 7, in a file with a list for users and one for groups:

\`\`\`sh
bin/rollcall schema example > javelo.json      # a file to begin with
bin/rollcall schema set acme javelo.json       # in force within a second, in every running process
bin/rollcall schema show acme                  # --json prints it as "schema set" takes it
bin/rollcall tenant create acme --schema javelo.json
\`\`\`

A file is the complete set: what it does not name is gone. Each version is kept, and the audit says who set it. Attributes may
be added at any time. Removing one, or changing its \`type\`, \`multiValued\` or \`caseExact\`, is refused unless \`--force\` is given: values
that no longer fit are kept, but neither shown nor found, until the attribute is as it was or a PUT replaces their user or group.
What filters look at is then rebuilt in batches, during which a filter on such an attribute may miss some.

| characteristic                           | meaning                                                                                              |
| ---------------------------------------- | ---------------------------------------------------------------------------------------------------- |
| \`id\`                                     | a URN, \`urn:…\`, that begins like no other schema's                                                   |
| \`required\` of an extension               | every user (or group) must have it; otherwise only who has any of it must have its required parts    |
| \`type\`                                   | string, boolean, decimal, integer, dateTime (date and time), binary, reference, complex              |
| \`multiValued\`                            | several values; a sub-attribute has one                                                              |
| \`mutability\`                             | readWrite, readOnly (nobody writes it through SCIM), immutable (set once), writeOnly                 |
| \`returned\`                               | default, always, request (only where asked for), never (accepted and discarded, as a password is)    |
| \`uniqueness\`                             | none; server and global are refused, since userName alone is kept unique                             |
| \`canonicalValues\`, \`referenceTypes\`      | published for mappings; other values are taken                                                       |

### In Azure

1. In the enterprise application: _Provisioning_ → _Mappings_ → _Provision Microsoft Entra ID Users_.
2. _Show advanced options_ → _Edit attribute list for customappsso_. Add a line with the full name, such as
   \`urn:ietf:params:scim:schemas:extension:javelo:2.0:User:employeeNumber\`, and its type: String, Boolean, DateTime, Integer.
   Azure's custom attributes have one simple value: neither several, nor complex, nor references.
3. _Add New Mapping_: choose the source and, as target, the new attribute. A DateTime needs date and time; send text by an
   expression such as \`FormatDateTime([employeeHireDate], , "yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ssZ")\`. A decimal goes as String:
   numbers are read from text.
4. For an immutable attribute choose _Apply this mapping: Only during object creation_.
5. Save, and _Provision on demand_ for one user: the attribute appears in the request and in the answer.
`;

/** The page before it is formatted. @param example - Javelo's extensions */
export function attributesPage(example: Extensions): string {
  const { User, Group } = CORE_MODELS;
  const [enterprise, product] = User.extensions;
  const own = defineModels(example).User.extensions.find(
    (extension) => !User.extensionByKey.has(extension.key),
  );
  if (!own || !enterprise || !product) throw new Error("the example has no extension of users");
  const common = ["schemas", "id", "externalId", "meta"].flatMap(
    (name) => User.located.get(name.toLowerCase())?.attribute ?? [],
  );
  return [
    INTRO,
    section("Common to users and groups", undefined, common, AZURE_SOURCES),
    section("User", User.core.id, User.core.attributes, AZURE_SOURCES),
    section("Enterprise User", enterprise.id, enterprise.attributes, AZURE_SOURCES),
    section("What the product knew", product.id, product.attributes, {}),
    section("Group", Group.core.id, Group.core.attributes, AZURE_GROUP_SOURCES),
    section("Javelo's users, an example", own.id, own.attributes, JAVELO_SOURCES),
    HOW_TO,
  ].join("\n");
}

function section(
  title: string,
  urn: string | undefined,
  attributes: readonly Attribute[],
  sources: Sources,
): string {
  const rows = attributes.flatMap((attribute) => [
    row(attribute.name, attribute, sources),
    ...attribute.subAttributes.map((sub) => row(`${attribute.name}.${sub.name}`, sub, sources)),
  ]);
  return [
    `## ${title}`,
    "",
    ...(urn === undefined ? [] : [`\`${urn}\``, ""]),
    "| name | type | several | required | exact | mutability | returned | uniqueness | canonical values | for | Azure's source |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function row(name: string, attribute: Attribute, sources: Sources): string {
  const { type, multiValued, required, caseExact, mutability, returned, uniqueness, description } = attribute;
  const isSimple = type !== "complex";
  const cells = [
    `\`${name}\``,
    type,
    mark(multiValued),
    mark(required),
    mark(isSimple && caseExact),
    mutability,
    returned,
    isSimple ? uniqueness : "",
    [...(attribute.canonicalValues ?? []), ...(attribute.referenceTypes ?? [])].join(", "),
    description,
    sources[name] ?? "",
  ];
  return `| ${cells.join(" | ")} |`;
}

function mark(is: boolean): string {
  return is ? "yes" : "";
}
