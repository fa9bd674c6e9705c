/**
 * Migrations run beside a service that answers: no statement may hold a table for long, and none may take away what the
 * version before still uses. What breaks a rule for a reason says so above the statement: `-- allow <rule>: <reason>`.
 */

export interface Finding {
  readonly rule: string;
  /** The beginning of the statement. */
  readonly statement: string;
  readonly advice: string;
}

interface Rule {
  readonly name: string;
  readonly advice: string;
  /** The table is the first group, where one is named: in a table that the same file makes nobody waits. */
  readonly breaks: RegExp;
  readonly unless?: RegExp;
}

const NO_TRANSACTION = "-- no-transaction";
const REASON_MIN = 20;
const ALTER = String.raw`^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(\w+)\b[^]*?\b`;

const RULES: readonly Rule[] = [
  {
    name: "index",
    advice: "CREATE INDEX CONCURRENTLY, in a file that begins with -- no-transaction",
    breaks: /^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)[^]*?\bON (?!ONLY )(\w+)/,
  },
  {
    name: "begin-again",
    advice:
      "an index that was cut off stays behind, broken: DROP INDEX CONCURRENTLY IF EXISTS it in the statement before",
    breaks: /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY/,
  },
  {
    name: "drop-index",
    advice: "DROP INDEX CONCURRENTLY, in a file that begins with -- no-transaction",
    breaks: /^DROP INDEX (?!CONCURRENTLY)/,
  },
  {
    name: "take-away",
    advice: "stop using it in one release and take it away in a later one; the reason names the release",
    breaks: new RegExp(`${ALTER}(?:DROP COLUMN|RENAME)|^DROP (?:TABLE|VIEW|FUNCTION|TYPE)\\b`),
  },
  {
    name: "constraint",
    advice:
      "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT; a unique one by an index that is built CONCURRENTLY",
    breaks: new RegExp(
      `${ALTER}ADD (?:CONSTRAINT \\w+ )?(?:CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\\b`,
    ),
    unless: /\bNOT VALID\b|\bUSING INDEX\b/,
  },
  {
    name: "reference",
    advice: "add the column first, then its foreign key NOT VALID, then validate that",
    breaks: new RegExp(`${ALTER}ADD COLUMN [^,;]*\\bREFERENCES\\b`),
  },
  {
    name: "not-null",
    advice:
      "it reads the table while nobody else may: validate CHECK (… IS NOT NULL) first, and say so as the reason",
    breaks: new RegExp(`${ALTER}ALTER (?:COLUMN )?\\w+ SET NOT NULL`),
  },
  {
    name: "rewrite",
    advice: "it copies the table: add a column without that, and fill it from outside",
    breaks: new RegExp(
      `${ALTER}(?:ALTER (?:COLUMN )?\\w+ (?:SET DATA )?TYPE|SET (?:LOGGED|UNLOGGED|TABLESPACE)|ADD COLUMN [^,;]*(?:\\bSTORED|\\bIDENTITY|\\b(?:big)?serial\\b|DEFAULT (?:gen_random_uuid|random|clock_timestamp|uuid_generate)))`,
    ),
  },
  {
    name: "default",
    advice: "NOT NULL without a DEFAULT fails as soon as there is a row",
    breaks: new RegExp(`${ALTER}ADD COLUMN (?![^,;]*\\bDEFAULT\\b)[^,;]*\\bNOT NULL\\b`),
  },
  {
    name: "rows",
    advice: "it holds every row it touches until the end: let the worker do it in batches",
    breaks: /^(?:WITH\b[^]*\b)?(?:UPDATE (\w+) |DELETE FROM (\w+))/,
  },
  {
    name: "lock",
    advice: "there is a way that locks nobody out; what must lock says why, and for how long",
    breaks:
      /^(?:LOCK\b|CLUSTER\b|VACUUM FULL\b|TRUNCATE\b|REINDEX (?![^;]*CONCURRENTLY)|SET (?:LOCAL )?lock_timeout)/,
  },
  {
    name: "hidden",
    advice: "no rule looks into a DO block: write the statements out, or say what holds it short",
    breaks: /^DO\b/,
  },
];

/** @param sql - a whole .up.sql */
export function findingsIn(sql: string): readonly Finding[] {
  const isLoose = sql.startsWith(NO_TRANSACTION);
  const statements = statementsOf(sql);
  const made = new Set(statements.flatMap(({ text }) => tablesMadeBy(text)));
  const findings = statements.flatMap(({ text, comment }, index) => {
    const broken = RULES.filter((rule) => isBroken(rule, text, made)).filter(
      ({ name }) => name !== "begin-again" || !dropsBefore(text, statements[index - 1]?.text),
    );
    return judge(text, comment, broken);
  });
  const needsLoose = statements.filter(({ text }) => /\bCONCURRENTLY\b/.test(text));
  if (isLoose || needsLoose.length === 0) return findings;
  const advice = `CONCURRENTLY needs "${NO_TRANSACTION}" in the first line`;
  return [...findings, { rule: "transaction", statement: startOf(needsLoose[0]?.text ?? ""), advice }];
}

function isBroken({ breaks, unless }: Rule, text: string, made: ReadonlySet<string>): boolean {
  const code = text.replace(/'(?:[^']|'')*'/g, "''"); // What stands in a literal is none.
  const match = breaks.exec(code);
  if (match === null || unless?.test(code) === true) return false;
  const table = match.slice(1).find(Boolean);
  return table === undefined || !made.has(table);
}

function dropsBefore(create: string, before: string | undefined): boolean {
  const [, index = ""] = /CONCURRENTLY (?:IF NOT EXISTS )?(\w+)/.exec(create) ?? [];
  return before?.startsWith(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`) === true;
}

/** A reason for what is not broken is one that nobody needs any more. */
function judge(text: string, comment: string, broken: readonly Rule[]): readonly Finding[] {
  const allowed = new Map(
    [...comment.matchAll(/^-- allow ([a-z-]+): ([^]*?)(?=^-- allow |$(?![^]))/gm)].map(
      ([, rule = "", reason = ""]) => [rule, reason.replace(/^--\s*/gm, "").trim()],
    ),
  );
  const statement = startOf(text);
  const unneeded = [...allowed.keys()].filter((rule) => broken.every(({ name }) => name !== rule));
  return [
    ...broken
      .filter(({ name }) => (allowed.get(name)?.length ?? 0) < REASON_MIN)
      .map(({ name, advice }) => ({ rule: name, statement, advice })),
    ...unneeded.map((rule) => ({
      rule,
      statement,
      advice: "nothing breaks this rule; take the reason away",
    })),
  ];
}

function tablesMadeBy(text: string): string[] {
  return [...text.matchAll(/\bCREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name = ""]) => name);
}

function startOf(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 80);
}

interface SqlStatement {
  readonly text: string;
  /** What stands above it. */
  readonly comment: string;
}

/** Splits at semicolons, but not in quotes, in a function's body or in a comment. */
export function statementsOf(sql: string): readonly SqlStatement[] {
  const tokens = sql.matchAll(/--[^\n]*\n?|\$(\w*)\$[^]*?\$\1\$|'(?:[^']|'')*'|;|[^-$';]+|[^]/g);
  const statements: SqlStatement[] = [];
  let [text, comment] = ["", ""];
  for (const [token] of tokens) {
    if (token.startsWith("--")) {
      if (text.trim() === "") comment += token;
    } else if (token === ";") {
      statements.push({ text: text.trim(), comment });
      [text, comment] = ["", ""];
    } else text += token;
  }
  if (text.trim() !== "") statements.push({ text: text.trim(), comment });
  return statements;
}
