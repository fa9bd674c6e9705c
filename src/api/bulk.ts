/**
 * Bulk: every operation is a write of its own on the queue, with its own outcome and its own place in the ledger, so
 * that a bulk request sent again takes up its own writes. RFC 7644 section 3.7.
 *
 * Ids of what is created are known before anything is written, so references among operations need no second pass,
 * circles included.
 */
import { newId } from "../platform/ids.ts";
import {
  type BulkFault,
  type BulkOperation,
  bulkReferences,
  isBulkFault,
  locationOf,
  planBulk,
  readBody,
  type Reading,
  readBulk,
  readPatch,
  resolveReferences,
  say,
  ScimError,
  URNS,
  weakEtag,
} from "../scim/index.ts";
import type { Logger } from "../platform/logger.ts";
import type { Outcome } from "../queue/contracts.ts";
import { isResourceId } from "../store/members.ts";
import { adopting } from "./adoption.ts";
import { contextOf, type Exchange, principalOf, tenantDbOf } from "./context.ts";
import { resourceNotFound } from "./read-resources.ts";
import { assertApplied, errorBody, sendJson } from "./respond.ts";
import { bytesOf, readJson } from "./scim-body.ts";
import { requestKeyOf, submitPlaced, takePlaces, type WriteRequest } from "./submit-write.ts";
import type { WriteDeps } from "./write-resources.ts";

export interface BulkDeps extends WriteDeps {
  readonly logger: Logger;
  readonly bulkRuns: BulkRuns;
  /** Told of an operation that was refused before it was queued. */
  readonly onRefused: (refused: RefusedOperation) => void;
}

export interface RefusedOperation {
  readonly error: ScimError;
  readonly operation: WriteRequest["operation"];
  readonly resourceType: BulkOperation["type"];
  readonly resourceId: string | null;
  readonly body: unknown;
}

interface Step {
  readonly index: number;
  readonly operation: BulkOperation;
  /** The resource's id, known or made; what is no id of ours names nothing. */
  readonly id: string;
}

type Result = Readonly<Record<string, unknown>> & { readonly status: string };

const OPERATIONS = { POST: "create", PUT: "replace", PATCH: "patch", DELETE: "delete" } as const;
const STATUSES = { POST: "201", PUT: "200", PATCH: "200", DELETE: "204" } as const;

/** Bulk requests under way, by what makes them equal: one that is sent again meanwhile shares the answer. */
export type BulkRuns = Map<string, Promise<readonly Result[]>>;

/** @throws {ScimError} what is wrong with the request as a whole */
export async function bulk(exchange: Exchange, deps: BulkDeps): Promise<void> {
  const { response } = exchange;
  const key = requestKeyOf(exchange, "");
  const results = deps.bulkRuns.get(key) ?? begin(exchange, deps);
  deps.bulkRuns.set(key, results);
  // A run whose client has gone begins nothing more: who asks again begins a new one, which takes up what is begun.
  response.once("close", () => {
    if (deps.bulkRuns.get(key) === results) deps.bulkRuns.delete(key);
  });
  sendJson(response, 200, { schemas: [URNS.bulkResponse], Operations: await results });
}

async function begin(exchange: Exchange, deps: BulkDeps): Promise<readonly Result[]> {
  const { response } = exchange;
  const { failOnErrors, operations } = readBulk(readJson(response));
  response.setMaxListeners(0); // Every write waits for the response to close.
  const atOnce = failOnErrors === undefined ? Math.min(operations.length, deps.submit.bulkWritesMax) : 1;
  const places = takePlaces(exchange, atOnce, deps.submit);
  try {
    const run = new BulkRun(operations, exchange, deps);
    await run.all({ atOnce, failOnErrors });
    return run.results();
  } finally {
    places.release();
  }
}

class BulkRun {
  readonly #exchange: Exchange;
  readonly #deps: BulkDeps;
  readonly #operations: readonly (BulkOperation | BulkFault)[];
  readonly #ids = new Map<string, string>();
  readonly #results: (Result | undefined)[];
  readonly #failed = new Set<string>();

  constructor(operations: readonly (BulkOperation | BulkFault)[], exchange: Exchange, deps: BulkDeps) {
    this.#operations = operations;
    this.#exchange = exchange;
    this.#deps = deps;
    this.#results = operations.map(() => undefined);
    for (const operation of operations) {
      if (!isBulkFault(operation) && operation.bulkId !== undefined && operation.method === "POST") {
        this.#ids.set(operation.bulkId, newId());
      }
    }
  }

  /** What was done, in the order of the request; what was left undone is not there. */
  results(): readonly Result[] {
    return this.#results.filter((result) => result !== undefined);
  }

  /** With a limit on errors operations run one by one, so that nothing after the last of them is begun. */
  async all({ atOnce, failOnErrors }: { atOnce: number; failOnErrors: number | undefined }): Promise<void> {
    const { order, waves } = planBulk(this.#operations);
    for (const wave of failOnErrors === undefined ? waves : order.map((index) => [index])) {
      await this.#wave(wave, atOnce);
      if (failOnErrors !== undefined && this.#errors() >= failOnErrors) return;
    }
  }

  /** As many at once as the run has places for. */
  async #wave(wave: readonly number[], atOnce: number): Promise<void> {
    const rest = wave.values();
    const takeInTurn = async (): Promise<void> => {
      for (const index of rest) await this.#one(index);
    };
    await Promise.all(Array.from({ length: atOnce }, takeInTurn));
  }

  #errors(): number {
    return this.results().filter(({ status }) => Number(status) >= 400).length;
  }

  async #one(index: number): Promise<void> {
    const operation = this.#operations[index];
    if (!operation) return;
    const echo = {
      method: operation.method,
      ...(operation.bulkId !== undefined && { bulkId: operation.bulkId }),
    };
    try {
      if (isBulkFault(operation)) throw operation.error;
      this.#results[index] = { ...echo, ...(await this.#apply(this.#stepOf(index, operation))) };
    } catch (error) {
      if (operation.bulkId !== undefined) this.#failed.add(operation.bulkId);
      const body = errorBody(error, this.#exchange.response, this.#deps.logger);
      this.#results[index] = {
        ...echo,
        ...this.#locationOfFailed(operation),
        status: body.status,
        response: body,
      };
    }
  }

  #stepOf(index: number, operation: BulkOperation): Step {
    const own = operation.id === undefined ? this.#ids.get(operation.bulkId ?? "") : operation.id;
    const id = resolveReferences(own, (bulkId) => this.#ids.get(bulkId));
    return { index, operation, id: String(id) };
  }

  async #apply(step: Step): Promise<Result> {
    const { type, method, bulkId } = step.operation;
    const asking = {
      db: tenantDbOf(this.#exchange.response),
      principal: principalOf(this.#exchange.response),
    };
    const write = await adopting(this.#writeOf(step), asking);
    const outcome: Outcome = await submitPlaced(write, this.#exchange, this.#deps.submit);
    assertApplied(outcome);
    const { resourceId, written } = outcome;
    // A write that was taken up again has the id that it was given then.
    if (method === "POST" && bulkId !== undefined) this.#ids.set(bulkId, resourceId);
    const location = locationOf(type, resourceId, this.#deps.baseUrl(this.#exchange.request));
    const version = written ? { version: weakEtag(written.version) } : {};
    return { location, ...version, status: STATUSES[method] };
  }

  #writeOf({ index, operation, id }: Step): WriteRequest {
    const { type, method, version } = operation;
    const write = {
      operation: OPERATIONS[method],
      type,
      part: String(index),
      ifMatch: version ?? null,
      bytes: Math.ceil(bytesOf(this.#exchange.response).length / this.#operations.length),
    };
    try {
      if (method !== "POST" && !isResourceId(id)) throw resourceNotFound(type, id);
      this.#assertReferencesMade(operation);
      const data = resolveReferences(operation.data, (bulkId) => this.#ids.get(bulkId));
      return {
        ...write,
        resourceId: id,
        payload: payloadOf(operation, data, contextOf(this.#exchange.response).reading),
      };
    } catch (error) {
      if (error instanceof ScimError) {
        const resourceId = isResourceId(id) ? id : null;
        const refused = {
          error,
          operation: write.operation,
          resourceType: type,
          resourceId,
          body: operation.data,
        };
        this.#deps.onRefused(refused);
      }
      throw error;
    }
  }

  /** RFC 7644 section 3.7.1: what refers to something that was not made cannot be made either. */
  #assertReferencesMade({ data, id }: BulkOperation): void {
    const missing = bulkReferences([data, id]).find((bulkId) => this.#failed.has(bulkId));
    if (missing === undefined) return;
    const detail = say`bulkId:${missing} refers to an operation of this request that failed; mend that one first.`;
    throw new ScimError(409, "bulk-reference-failed", detail);
  }

  #locationOfFailed(operation: BulkOperation | BulkFault): { readonly location?: string } {
    if (isBulkFault(operation) || operation.id === undefined) return {};
    return { location: locationOf(operation.type, operation.id, this.#deps.baseUrl(this.#exchange.request)) };
  }
}

function payloadOf({ method, type }: BulkOperation, data: unknown, reading: Reading): unknown {
  switch (method) {
    case "POST":
    case "PUT":
      return readBody(type, data, reading);
    case "PATCH":
      return readPatch(type, data, reading);
    case "DELETE":
      return null;
  }
}
