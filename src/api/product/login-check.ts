/**
 * POST /v1/login-check: may this person log in? The product asks at every sign-in, so this one path is served by
 * Node's own HTTP, past Express: the same answers, at about three times the speed (docs/decisions/0021).
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { newId } from "../../platform/ids.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { hashToken } from "../../platform/secrets.ts";
import type { Database, DatabasePool } from "../../store/database.ts";
import { readGroups } from "../../store/directory-reads.ts";
import { type LoginFacts, readLoginFacts } from "../../store/login-checks.ts";
import type { AuthFailures } from "../auth-failures.ts";
import { bearerOf } from "../bearer.ts";
import { unauthenticated } from "./authenticate.ts";
import { decide, type LoginAnswer } from "./decide.ts";
import type { KeyUse } from "./key-use.ts";
import { type LoginBody, type LoginCheck, readLoginBody } from "./login-body.ts";
import { createLoginLookUps } from "./login-look-ups.ts";
import { PROBLEM_MEDIA_TYPE, problemBody, ProblemError, problemOf } from "./problem.ts";

export interface LoginCheckDeps {
  readonly db: DatabasePool;
  /** ROLLCALL_SECRET, under which keys are hashed. */
  readonly secret: string;
  readonly metrics: Metrics;
  readonly keyUse: KeyUse;
  readonly authFailures: AuthFailures;
  readonly logger: Logger;
}

const PATH = "/v1/login-check";

// A thousand checks by the longest names fit.
const BODY_BYTES_MAX = 2_097_152;
const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
} as const;

/** With a slash or a query behind it, it is the same. */
export function isLoginCheck(url: string | undefined): boolean {
  if (url === PATH) return true;
  return url !== undefined && url.startsWith(PATH) && /^\/?(\?|$)/.test(url.slice(PATH.length));
}

interface Answered {
  readonly facts: LoginFacts;
  readonly body: object;
}

export function createLoginCheck(deps: LoginCheckDeps): RequestListener {
  const lookUp = createLoginLookUps(deps.db);

  async function answer(request: IncomingMessage): Promise<Answered> {
    if (request.method !== "POST") {
      const detail = `${PATH} takes POST`;
      throw new ProblemError(405, "method-not-allowed", detail, { Allow: "POST" });
    }
    const bearer = bearerOf(request.headers.authorization);
    if ("failure" in bearer) throw unauthenticated(request, deps, bearer.failure);
    const keyHash = hashToken(deps.secret, bearer.token);
    const { checks, isBatch } = await readBody(request, keyHash, deps);
    const facts = await factsOf(checks, keyHash);
    const known = facts.filter((each) => each !== undefined);
    const [first] = known;
    // A key may be revoked between two statements of a batch: then none is answered.
    if (first === undefined || known.length < facts.length)
      throw unauthenticated(request, deps, "unknown", bearer.token);
    deps.keyUse.note(first);
    const answers = await withGroups(deps.db.of([first.tenantId]), first.tenantId, {
      checks,
      answers: known.map(decide),
    });
    const tenant = deps.metrics.tenant(first.tenantSlug);
    for (const { reason } of answers) deps.metrics.loginChecks.inc({ tenant, reason });
    return { facts: first, body: isBatch ? { results: answers } : (answers[0] ?? {}) };
  }

  /** One person shares a statement with whoever else is asked about at the moment; many have their own. */
  async function factsOf(
    checks: readonly LoginCheck[],
    keyHash: Buffer,
  ): Promise<readonly (LoginFacts | undefined)[]> {
    const [check, another] = checks;
    if (check === undefined || another !== undefined) return lookUpAll(deps.db, keyHash, checks);
    return [await lookUp(check.field, { keyHash, value: check.value })];
  }

  return (request, response) => {
    const startedAt = performance.now();
    response.once("close", () => {
      const status = response.writableFinished ? response.statusCode : 499;
      deps.metrics.http.observe(
        {
          route: "product.login-check",
          method: request.method ?? "none",
          status: `${Math.floor(status / 100)}xx`,
        },
        (performance.now() - startedAt) / 1000,
      );
    });
    answer(request).then(
      ({ facts, body }) => {
        send(response, 200, JSON.stringify(body), {
          "Content-Type": "application/json; charset=utf-8",
          "Rollcall-When-Unreachable": facts.whenUnreachable,
          "X-Correlation-Id": newId(),
        });
      },
      (error: unknown) => sendFailure(response, error, deps.logger),
    );
  };
}

/** Of a body that cannot be read a stranger is told nothing but that it has no key. */
async function readBody(request: IncomingMessage, keyHash: Buffer, deps: LoginCheckDeps): Promise<LoginBody> {
  try {
    return readLoginBody(await bytesOf(request));
  } catch (error) {
    const [facts] = await readLoginFacts(deps.db, "userName", [{ keyHash, value: "" }]);
    if (facts === undefined) throw unauthenticated(request, deps, "unknown");
    throw error;
  }
}

function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= BODY_BYTES_MAX) chunks.push(chunk);
      else reject(new ProblemError(413, "body-too-large", `the body is over ${BODY_BYTES_MAX} bytes`));
    });
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once("error", () =>
      reject(new ProblemError(400, "body-invalid", "the body did not arrive whole")),
    );
  });
}

/** A statement for each field that is asked by. @returns facts in the order of the checks */
async function lookUpAll(
  db: Database,
  keyHash: Buffer,
  checks: readonly LoginCheck[],
): Promise<readonly (LoginFacts | undefined)[]> {
  const found = new Map<LoginCheck, LoginFacts | undefined>();
  for (const field of new Set(checks.map((check) => check.field))) {
    const ofField = checks.filter((check) => check.field === field);
    const questions = ofField.map(({ value }) => ({ keyHash, value }));
    const facts = await readLoginFacts(db, field, questions);
    ofField.forEach((check, index) => found.set(check, facts[index]));
  }
  return checks.map((check) => found.get(check));
}

async function withGroups(
  db: Database,
  tenantId: string,
  { checks, answers }: { readonly checks: readonly LoginCheck[]; readonly answers: readonly LoginAnswer[] },
): Promise<readonly (LoginAnswer & { readonly groups?: readonly object[] })[]> {
  const wanted = answers.filter((_answer, index) => checks[index]?.withGroups);
  const ids = wanted.flatMap(({ userId }) => userId ?? []);
  if (wanted.length === 0) return answers;
  const groups = await readGroups(db, tenantId, ids);
  return answers.map((answer, index) => {
    if (!checks[index]?.withGroups || answer.userId === undefined) return answer;
    const held = groups.get(answer.userId) ?? [];
    return { ...answer, groups: held.map(({ value, display }) => ({ id: value, displayName: display })) };
  });
}

function sendFailure(response: ServerResponse, error: unknown, logger: Logger): void {
  const problem = problemOf(error);
  const correlationId = newId();
  if (problem.status >= 500) logger.error({ err: error, correlationId }, "request failed");
  send(response, problem.status, problemBody(problem, correlationId), {
    ...problem.headers,
    "Content-Type": PROBLEM_MEDIA_TYPE,
    "X-Correlation-Id": correlationId,
    // What is left of a body that was not read whole would be taken for the next request.
    ...(problem.status === 413 && { Connection: "close" }),
  });
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...HEADERS, ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
