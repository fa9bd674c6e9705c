/**
 * The order in which a bulk request's operations may run. What refers to another comes after it, what touches the same
 * resource, or names one that another touches, keeps its order, and the rest may run at once; a circle of references runs in the order of the request.
 * RFC 7644 sections 3.7 and 3.7.1.
 */
import { type BulkFault, type BulkOperation, bulkReferences, isBulkFault } from "./read-bulk.ts";

/** Both hold the index of every operation once. */
export interface BulkPlan {
  /** One by one: the order of the request, but for what must come earlier because others refer to it. */
  readonly order: readonly number[];
  /** Wave after wave: operations of one wave do not depend on each other. */
  readonly waves: readonly (readonly number[])[];
}

export function planBulk(operations: readonly (BulkOperation | BulkFault)[]): BulkPlan {
  const nodes = operations.map(nodeOf);
  const makers = new Map(
    nodes.flatMap(({ makes }, index) => (makes === undefined ? [] : [[makes, index] as const])),
  );
  const waves: number[][] = [];
  const levelOf: number[] = [];
  const lastTouch = new Map<string, number>();
  const lastMention = new Map<string, number>();
  const touched = new Set(nodes.map(({ touches }) => touches));
  const order = inDependencyOrder(nodes, makers);
  for (const index of order) {
    const { touches = "", refers = [], mentions = [] } = nodes[index] ?? {};
    const named = mentions.filter((id) => id !== touches && touched.has(id));
    const makerLevels = refers.map((bulkId) => levelOf[makers.get(bulkId) ?? -1]);
    // Who is added to a group must still be there, and who is deleted must have been added before.
    const before = [
      lastTouch.get(touches),
      lastMention.get(touches),
      ...named.map((id) => lastTouch.get(id)),
    ];
    const level = [...makerLevels, ...before].reduce<number>(
      (most, other = -1) => Math.max(most, other + 1),
      0,
    );
    levelOf[index] = level;
    lastTouch.set(touches, level);
    for (const id of named) lastMention.set(id, Math.max(level, lastMention.get(id) ?? 0));
    (waves[level] ??= []).push(index);
  }
  return { order, waves };
}

interface Node {
  /** The bulkId of the resource that it creates. */
  readonly makes?: string;
  /** What names the resource that it is about. */
  readonly touches: string;
  readonly refers: readonly string[];
  /** Ids within its data. */
  readonly mentions?: readonly string[];
}

function nodeOf(operation: BulkOperation | BulkFault, index: number): Node {
  if (isBulkFault(operation)) return { touches: `operation ${String(index)}`, refers: [] };
  const { method, bulkId = "", id, data } = operation;
  const refers = [...new Set(bulkReferences([data, id]))];
  const mentions = [...idsIn(data), ...refers.map((other) => `bulkId:${other}`)];
  if (method === "POST") return { makes: bulkId, touches: `bulkId:${bulkId}`, refers, mentions };
  return { touches: id ?? "", refers, mentions };
}

/** Depth first over the references, each operation once, so that even a thousand that all refer to all end soon. */
function inDependencyOrder(nodes: readonly Node[], makers: ReadonlyMap<string, number>): readonly number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  for (const start of nodes.keys()) {
    const open = [{ index: start, isLeaving: false }];
    for (let step = open.pop(); step; step = open.pop()) {
      const { index, isLeaving } = step;
      if (isLeaving) order.push(index);
      if (isLeaving || seen.has(index)) continue;
      seen.add(index);
      open.push({ index, isLeaving: true });
      for (const bulkId of nodes[index]?.refers ?? []) {
        const maker = makers.get(bulkId);
        if (maker !== undefined && !seen.has(maker)) open.push({ index: maker, isLeaving: false });
      }
    }
  }
  return order;
}

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Each id once, wherever it stands: as a value, or within a filter. */
function idsIn(value: unknown): readonly string[] {
  const found = new Set<string>();
  const visit = (inner: unknown): void => {
    if (typeof inner === "string") for (const id of inner.match(ID) ?? []) found.add(id);
    else if (typeof inner === "object" && inner !== null) Object.values(inner).forEach(visit);
  };
  visit(value);
  return [...found];
}
