/** The console under test over HTTP: its own server, and a browser's worth of client that keeps cookies and forms. */
import type { RequestListener } from "node:http";
import type { WriteQueue } from "../../src/queue/queues.ts";
import { createDashboard, type DashboardSettings } from "../../src/dashboard/app.ts";
import type { OidcSettings } from "../../src/dashboard/oidc.ts";
import { createHttpServer } from "../../src/platform/http-server.ts";
import { createLogger } from "../../src/platform/logger.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import { PASSWORD } from "./console-seed.ts";

export const CONSOLE_SECRET = "a secret that only console tests use, long enough";

const RETENTION: DashboardSettings["retention"] = {
  WRITE_RETENTION_DAYS: 91,
  CYCLE_RETENTION_DAYS: 401,
  FAILURE_RETENTION_DAYS: 201,
  EVENT_RETENTION_DAYS: 31,
  AUDIT_RETENTION_DAYS: 1_731,
};

export interface TestConsole {
  readonly url: string;
  readonly visitor: () => TestVisitor;
  /** Paths of all routes that answer a GET. */
  readonly paths: readonly string[];
  stop(): Promise<void>;
}

export async function startConsole(
  database: DatabasePool,
  more: {
    readonly queues?: readonly [WriteQueue];
    readonly secureCookies?: boolean;
    readonly oidc?: OidcSettings;
    readonly sessionIdleMinutes?: number;
    /** Of info and more. */
    readonly log?: { write(line: string): void };
  } = {},
): Promise<TestConsole> {
  const logger = createLogger({ service: "console-test", level: more.log ? "info" : "silent" }, more.log);
  const settings: DashboardSettings = {
    database,
    logger,
    queues: more.queues ?? [],
    secret: CONSOLE_SECRET,
    publicUrl: () => "https://scim.example.com",
    consoleUrl: () => server.url(),
    issuer: "https://scim.example.com",
    tokenTtlDays: 180,
    sessionIdleMinutes: more.sessionIdleMinutes ?? 60,
    webhookTargets: { isHttpAllowed: false, isPrivateAllowed: false },
    hasMail: true,
    retention: RETENTION,
    secureCookies: more.secureCookies ?? false,
    oidc: more.oidc,
  };
  const app = createDashboard(settings);
  const handler: RequestListener = app;
  const server = createHttpServer({ name: "console", host: "127.0.0.1", port: 0, handler, logger });
  await server.start();
  return {
    url: server.url(),
    visitor: () => new TestVisitor(server.url()),
    paths: app.router.stack.flatMap(({ route }) =>
      route?.stack.some(({ method }) => method === "get") === true ? [route.path] : [],
    ),
    stop: () => server.stop(),
  };
}

export interface TestPage {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Follows no redirect by itself, so that tests see each answer. */
export class TestVisitor {
  #url: string;
  readonly #cookies = new Map<string, string>();
  #csrf = "";

  constructor(url: string) {
    this.#url = url;
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  /** From now on it asks another process of the same console, with the cookies that it has. */
  moveTo(url: string): void {
    this.#url = url;
  }

  get(path: string): Promise<TestPage> {
    return this.#send(path, {});
  }

  /** Posts a form with the token of the last page seen, unless the fields bring another. */
  post(path: string, fields: Readonly<Record<string, string>> = {}): Promise<TestPage> {
    return this.#send(path, { method: "POST", body: new URLSearchParams({ csrf: this.#csrf, ...fields }) });
  }

  /** Posts a form with a file, as a browser does. */
  upload(
    path: string,
    file: string | Buffer<ArrayBuffer>,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<TestPage> {
    const form = new FormData();
    for (const [name, value] of Object.entries({ csrf: this.#csrf, ...fields })) form.set(name, value);
    form.set("file", new Blob([file], { type: "text/csv" }), "people.csv");
    return this.#send(path, { method: "POST", body: form });
  }

  async signIn(login: string, password = PASSWORD): Promise<TestPage> {
    await this.get("/sign-in");
    const answer = await this.post("/sign-in", { login, password });
    if (answer.status === 303) await this.get("/");
    return answer;
  }

  async #send(path: string, init: RequestInit): Promise<TestPage> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(`${this.#url}${path}`, { ...init, redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    this.#csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? this.#csrf;
    return { status: response.status, text, headers: response.headers };
  }

  #keep(line: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
