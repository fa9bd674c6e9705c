/**
 * The order in which a bulk request's operations may run. What refers to another comes after it, what touches the same
 * resource keeps its order, and the rest may run at once; a circle of references runs in the order of the request.
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
  const lastOn = new Map<string, number>();
  const order = inDependencyOrder(nodes, makers);
  for (const index of order) {
    const { touches = "", refers = [] } = nodes[index] ?? {};
    const before = [lastOn.get(touches), ...refers.map((bulkId) => makers.get(bulkId))];
    const level = Math.max(
      0,
      ...before.map((other) => (other === undefined ? 0 : (levelOf[other] ?? -1) + 1)),
    );
    levelOf[index] = level;
    lastOn.set(touches, index);
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
}

function nodeOf(operation: BulkOperation | BulkFault, index: number): Node {
  if (isBulkFault(operation)) return { touches: `operation ${String(index)}`, refers: [] };
  const { method, bulkId = "", id, data } = operation;
  const refers = [...new Set(bulkReferences([data, id]))];
  if (method === "POST") return { makes: bulkId, touches: `bulkId:${bulkId}`, refers };
  return { touches: id ?? "", refers };
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
