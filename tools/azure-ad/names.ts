/** The words people and groups are made of: several scripts, accents, apostrophes, signs that need encoding. */

/** A name as people write it, and the ASCII form an administrator gives it in a sign-in name. */
export type Name = readonly [written: string, ascii: string];

const plain = (names: string): Name[] => names.split(" ").map((name) => [name, name.toLowerCase()] as const);

export const GIVEN_NAMES: readonly Name[] = [
  ...plain(
    "Anna Ben Clara David Emma Felix Grace Henry Iris Jonas Kate Liam Maria Noah Olivia Paul Rosa Sam",
  ),
  ["José", "jose"],
  ["Zoë", "zoe"],
  ["Łukasz", "lukasz"],
  ["Søren", "soren"],
  ["Renée", "renee"],
  ["Jürgen", "juergen"],
  ["Nguyệt", "nguyet"],
  ["İpek", "ipek"],
  ["Ελένη", "eleni"],
  ["Дмитрий", "dmitry"],
  ["美咲", "misaki"],
  ["伟", "wei"],
  ["سارة", "sara"],
  ["Anne-Marie", "anne-marie"],
];

export const FAMILY_NAMES: readonly Name[] = [
  ...plain("Adams Baker Carter Dubois Evans Fischer Garcia Hansen Ito Jansen Keller Lopez Meyer Novak Rossi"),
  ["Müller", "mueller"],
  ["O'Brien", "o'brien"],
  ["Muñoz", "munoz"],
  ["Đorđević", "dordevic"],
  ["Ståhl", "stahl"],
  ["Weiß", "weiss"],
  ["Öztürk", "ozturk"],
  ["Nguyễn", "nguyen"],
  ["Papadopoulos", "papadopoulos"],
  ["Иванов", "ivanov"],
  ["田中", "tanaka"],
  ["王", "wang"],
  ["van der Berg", "vanderberg"],
  ["Smith-Łęcki", "smith-lecki"],
];

export const DEPARTMENTS = [
  "Engineering",
  "Sales",
  "Finance",
  "People & Culture",
  "Legal",
  "Marketing",
  "Support",
  "Qualité",
  "R&D",
  "Operations",
] as const;

export const TITLES = [
  "Engineer",
  "Senior Engineer",
  "Account Manager",
  "Analyst",
  "Director",
  "Coordinator",
  "Ingénieure principale",
  "Sachbearbeiter",
  'Specialist "A"',
  "Team Lead",
] as const;

export interface Office {
  readonly office: string;
  readonly street: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  readonly country: string;
  readonly language: string;
  readonly dialCode: string;
}

const office = (line: string): Office => {
  const [
    name = "",
    street = "",
    city = "",
    region = "",
    postalCode = "",
    country = "",
    language = "",
    dial = "",
  ] = line.split("|");
  return { office: name, street, city, region, postalCode, country, language, dialCode: dial };
};

export const OFFICES: readonly Office[] = [
  office("HQ/4|Bahnhofstraße 12|Zürich|ZH|8001|CH|de-CH|+41 44"),
  office("Paris 2e|18 rue d'Uzès|Paris|Île-de-France|75002|FR|fr-FR|+33 1"),
  office("Seattle, 9th floor|1201 3rd Ave|Seattle|WA|98101|US|en-US|+1 206"),
  office("Warszawa|ul. Złota 59|Warszawa|Mazowieckie|00-120|PL|pl-PL|+48 22"),
  office("東京本社|丸の内1-9-2|千代田区|東京都|100-6701|JP|ja-JP|+81 3"),
  office("São Paulo|Av. Paulista 1374|São Paulo|SP|01310-100|BR|pt-BR|+55 11"),
];

export const GROUP_NAMES = [
  "All Staff",
  "R&D – Zürich",
  "C++ Guild",
  "Finance / Approvers",
  "Équipe Qualité",
  "Sales 50% EMEA",
  "営業部",
  "Legal",
  "Support (24x7)",
  "Contractors #1",
  "Team O'Brien",
  "Leadership",
] as const;
