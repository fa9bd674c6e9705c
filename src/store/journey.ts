/**
 * Several statements as one journey to Postgres and back: one packet there, with a single Sync at its end, and one packet
 * back. pg's own pipelining sends a Sync behind each statement, upon which Postgres answers each by itself: of a batch
 * of writes that made thirteen answers, each of which wakes Node (docs/decisions/0063).
 *
 * Of the extended query protocol (Postgres, "Message Flow", 55.2.3): after a statement that failed, Postgres passes over
 * all that is left until the Sync. So the others of the journey have neither succeeded nor failed by themselves; here
 * they fail with what the first one failed of.
 *
 * A statement is prepared once a connection, and what its rows are made of is asked once, when it is prepared.
 */
import pg from "pg";
import { serialize } from "pg-protocol";
import { invariant } from "../platform/invariant.ts";
import type { Statement } from "./database-types.ts";

export interface StatementResult {
  readonly rows: readonly unknown[];
  /** The command's tag without its numbers, such as "COMMIT". */
  readonly command: string;
}

interface Column {
  readonly name: string;
  readonly read: (text: string) => unknown;
}

/** What a connection has prepared. */
interface Prepared {
  readonly text: string;
  /** Of its rows; undefined until the first journey with it has come back. */
  columns: readonly Column[] | undefined;
  /** Whether Postgres has it is not known: the journey that was to prepare it failed. */
  isDoubtful: boolean;
}

interface Traveller {
  readonly statement: Statement;
  readonly values: readonly unknown[];
  readonly resolve: (result: StatementResult) => void;
  readonly reject: (error: Error) => void;
  readonly rows: unknown[];
  prepared: Prepared | undefined;
}

// What pg's types leave out, or say by an enum of the types that it knows.
const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => unknown } }).utils;
const readerOf = pg.types.getTypeParser as (oid: number, format: "text") => Column["read"];

const NO_COLUMNS: readonly Column[] = [];

const preparedOn = new WeakMap<pg.ClientBase, Map<string, Prepared>>();

/** The statements of one connection: those that are called within a tick, or the one behind it, travel together. */
export class Journeys {
  readonly #client: pg.ClientBase;
  #next: Journey | undefined;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  /** One command. Rejects with a pg.DatabaseError, or with what became of the connection. */
  query(statement: Statement, values: readonly unknown[] = []): Promise<StatementResult> {
    if (this.#next === undefined) {
      this.#next = new Journey(this.#prepared());
      // After the microtasks, in which a transaction calls its next statements, and one tick later: what looks at how
      // those fared, and then commits, still travels with them.
      process.nextTick(() => process.nextTick(() => this.depart()));
    }
    return this.#next.add(statement, values);
  }

  /** Sends what was called so far, before what goes another way. */
  depart(): void {
    const journey = this.#next;
    this.#next = undefined;
    if (journey) this.#client.query(journey);
  }

  #prepared(): Map<string, Prepared> {
    const known = preparedOn.get(this.#client) ?? new Map<string, Prepared>();
    preparedOn.set(this.#client, known);
    return known;
  }
}

/** To pg a query: it hands the answers of Postgres to whichever query is at the head of its line. */
class Journey extends pg.Query {
  /** Set by pg, to stop the clock of its `query_timeout`. */
  declare callback?: (error: Error | null) => void;
  readonly #known: Map<string, Prepared>;
  readonly #travellers: Traveller[] = [];
  /** Of the traveller whose answer comes next. */
  #index = 0;

  constructor(known: Map<string, Prepared>) {
    super({ text: "" });
    this.#known = known;
  }

  add(statement: Statement, values: readonly unknown[]): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.#travellers.push({ statement, values, resolve, reject, rows: [], prepared: undefined });
    });
  }

  /** Nothing is sent where one of them cannot even be written down. @returns why */
  override submit = (connection: pg.Connection): Error | null => {
    try {
      const messages = this.#travellers.flatMap((traveller) => this.#messagesOf(traveller));
      messages.push(serialize.sync());
      if (connection.stream.writable) connection.stream.write(Buffer.concat(messages));
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };

  #messagesOf(traveller: Traveller): Buffer[] {
    const { prepared, messages } = this.#prepare(traveller.statement);
    traveller.prepared = prepared;
    const statement = nameOf(traveller.statement);
    messages.push(serialize.bind({ statement, values: [...traveller.values], valueMapper: prepareValue }));
    if (prepared.columns === undefined) messages.push(serialize.describe({ type: "P" }));
    messages.push(serialize.execute());
    return messages;
  }

  #prepare(statement: Statement): { prepared: Prepared; messages: Buffer[] } {
    const { name, text } = statement;
    const known = name === undefined ? undefined : this.#known.get(name);
    if (known && known.text !== text)
      throw new Error(`the name "${String(name)}" is that of another statement`);
    if (known?.isDoubtful === false) return { prepared: known, messages: [] };
    const messages = [serialize.parse({ name: nameOf(statement), text })];
    // To close what is not there is no error.
    if (known) messages.unshift(serialize.close({ type: "S", name: nameOf(statement) }));
    const prepared = { text, columns: undefined, isDoubtful: false };
    if (name !== undefined) this.#known.set(name, prepared);
    return { prepared, messages };
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    const { prepared } = this.#current();
    if (prepared) prepared.columns = fields.map(columnOf);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const { prepared, rows } = this.#current();
    const row: Record<string, unknown> = {};
    (prepared?.columns ?? NO_COLUMNS).forEach(({ name, read }, index) => {
      const text = fields[index] ?? null;
      row[name] = text === null ? null : read(text);
    });
    rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const { prepared, rows, resolve } = this.#current();
    // One without rows is described by no columns.
    if (prepared) prepared.columns ??= NO_COLUMNS;
    this.#index += 1;
    const [command = ""] = text.split(" ", 1);
    resolve({ rows, command });
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: "" });
  }

  /** Also when the connection is lost, and when pg has waited too long; perhaps more than once. */
  handleError(error: Error): void {
    const left = this.#travellers.slice(this.#index);
    this.#index = this.#travellers.length;
    for (const { prepared, reject } of left) {
      if (prepared && prepared.columns === undefined) prepared.isDoubtful = true;
      reject(error);
    }
    this.callback?.(error);
  }

  handleReadyForQuery(): void {
    this.callback?.(null);
  }

  #current(): Traveller {
    const traveller = this.#travellers[this.#index];
    invariant(traveller, "an answer belongs to a statement");
    return traveller;
  }
}

/** Apart from the names under which pg prepares statements of its own on the same connection. */
function nameOf({ name }: Statement): string {
  return name === undefined ? "" : `journey-${name}`;
}

function columnOf({ name, dataTypeID }: pg.FieldDef): Column {
  return { name, read: readerOf(dataTypeID, "text") };
}
