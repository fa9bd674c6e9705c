/** The command line: parsed, checked, with defaults; faults are told in words. */
import { parseArgs } from "node:util";

export interface Options {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  readonly only?: RegExp;
  readonly jsonFile?: string;
  readonly markdownFile?: string;
}

export type CommandLine =
  | { readonly kind: "help" }
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "run"; readonly options: Options };

export const HELP = `Checks a SCIM 2.0 server against RFC 7643, 7644 and 9865 and what Azure AD's client needs.

  npm run conformance -- --url https://scim.example.com/scim/v2 --token <token> [flags]

  --url <Tenant URL>    a trailing / and a query are borne
  --token <token>       or SCIM_TOKEN in the environment, where ps does not show it
  --json <file>         write every result as JSON
  --markdown <file>     write the sums, and what failed or warned, as Markdown
  --only <pattern>      only checks whose group/id matches the regular expression, such as "^patch" or "rfc9865"
  --timeout-ms 10000    how long an answer may take
  --help

The checks make users and groups with names of their own, and delete them again. What the server's
ServiceProviderConfig says it lacks is skipped. A SHOULD that is not kept is a warning.
Ends with 0 when no check failed, 1 when one did, 2 on a wrong flag or when the server cannot be reached.
`;

const STRING = { type: "string" } as const;
const FLAGS = {
  url: STRING,
  token: STRING,
  json: STRING,
  markdown: STRING,
  only: STRING,
  "timeout-ms": STRING,
  help: { type: "boolean" },
} as const;
const TIMEOUT_MS = 10_000;

/** Reads the arguments; `envToken` stands in for a missing `--token`. */
export function parseFlags(args: readonly string[], envToken: string | undefined): CommandLine {
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
    if (values.help === true) return { kind: "help" };
    const token = values.token ?? envToken ?? "";
    if (token === "") throw new Error("--token or SCIM_TOKEN is needed: the bearer token of the tenant");
    const options = {
      url: parseUrl(values.url),
      token,
      timeoutMs: parseTimeout(values["timeout-ms"]),
      ...(values.only !== undefined && { only: parsePattern(values.only) }),
      ...(values.json !== undefined && { jsonFile: values.json }),
      ...(values.markdown !== undefined && { markdownFile: values.markdown }),
    };
    return { kind: "run", options };
  } catch (error) {
    return { kind: "fault", message: (error as Error).message };
  }
}

function parseUrl(text: string | undefined): string {
  if (text === undefined) throw new Error("--url is needed: the Tenant URL, such as http://host/scim/v2");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new Error(`--url ${text} is not an http or https URL`);
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function parseTimeout(text: string | undefined): number {
  const value = text === undefined ? TIMEOUT_MS : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--timeout-ms ${text ?? ""} is not a whole number above 0`);
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch {
    throw new Error(`--only ${text} is not a regular expression`);
  }
}
