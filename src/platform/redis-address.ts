/**
 * REDIS_URL: one server, a cluster, or the sentinels that know which server is the master.
 *
 *   redis://user:password@host:6379/0                            rediss:// speaks TLS, here and below
 *   redis-cluster://user:password@host1:6379,host2,host3         any nodes; the others are learnt from them
 *   redis-sentinel://user:password@host1:26379,host2/mymaster/0  ?sentinelPassword=…&sentinelUsername=…
 */

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export type RedisAddress =
  | (Credentials & { readonly kind: "cluster"; readonly nodes: readonly RedisNode[] })
  | (Credentials & {
      readonly kind: "sentinel";
      readonly sentinels: readonly RedisNode[];
      /** The name under which the sentinels know the master. */
      readonly master: string;
      readonly database: number;
      readonly sentinelUsername: string | undefined;
      readonly sentinelPassword: string | undefined;
    })
  | { readonly kind: "server"; readonly url: string };

const FORM =
  /^(?<scheme>rediss?(?:-cluster|-sentinel)?):\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/;
const PORT = 6_379;
const SENTINEL_PORT = 26_379;

/** @throws {Error} that says what is wrong, without the password */
export function readRedisAddress(url: string): RedisAddress {
  const { scheme, login, hosts = "", path = "", query = "" } = FORM.exec(url)?.groups ?? {};
  if (scheme === undefined)
    throw new Error("must be redis://, redis-cluster:// or redis-sentinel:// (rediss… for TLS), and hosts");
  if (!scheme.includes("-")) {
    if (!URL.canParse(url)) throw new Error("is not a URL; characters of the password may need escaping");
    return { kind: "server", url };
  }
  const credentials = { isTls: scheme.startsWith("rediss"), ...readLogin(login) };
  if (scheme.endsWith("sentinel")) return { ...readSentinel({ hosts, path, query }), ...credentials };
  if (path.length > 1) throw new Error("a cluster has one database only: leave out what follows the hosts");
  return { kind: "cluster", nodes: readNodes(hosts, PORT), ...credentials };
}

function readSentinel({ hosts, path, query }: { hosts: string; path: string; query: string }) {
  const [, master = "", database = "0"] = path.split("/");
  if (master === "") throw new Error("must name the master after the hosts: redis-sentinel://host/mymaster");
  if (!/^\d{1,4}$/.test(database)) throw new Error("the database must be a number: …/mymaster/0");
  const parameters = new URLSearchParams(query);
  return {
    kind: "sentinel" as const,
    sentinels: readNodes(hosts, SENTINEL_PORT),
    master: decodeURIComponent(master),
    database: Number(database),
    sentinelUsername: parameters.get("sentinelUsername") ?? undefined,
    sentinelPassword: parameters.get("sentinelPassword") ?? undefined,
  };
}

function readLogin(login: string | undefined): Pick<Credentials, "username" | "password"> {
  if (login === undefined) return { username: undefined, password: undefined };
  const [username = "", ...rest] = login.split(":");
  const password = rest.length === 0 ? undefined : rest.join(":");
  return {
    username: username === "" ? undefined : decodeURIComponent(username),
    password: password === undefined ? undefined : decodeURIComponent(password),
  };
}

function readNodes(hosts: string, defaultPort: number): readonly RedisNode[] {
  return hosts.split(",").map((text) => {
    const [, host, port] = HOST.exec(text.trim()) ?? [];
    if (host === undefined) throw new Error("hosts must be host or host:port, separated by commas");
    if (Number(port) > 65_535) throw new Error(`${port} is no port`);
    return { host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? defaultPort : Number(port) };
  });
}
