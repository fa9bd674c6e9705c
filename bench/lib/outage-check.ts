/** What a webhook's receiver took, held against the feed: nothing lost, each resource in its order, repeated only as itself. */
import type { Taken } from "./receiver-process.ts";

/** An event of the feed, in version 2. */
export interface FedEvent {
  readonly id: string;
  readonly type: string;
  /** When it happened, in RFC 3339. */
  readonly timestamp: string;
  readonly subject: { readonly id: string };
}

export interface Verdict {
  /** Events of the feed that never came. */
  readonly lost: number;
  /** What came and is not in the feed. */
  readonly foreign: number;
  /** Refused by the library, or with another id in the header than in the message. */
  readonly unsigned: number;
  /** Resources whose events came, each for its first time, in another order than the feed's. */
  readonly disordered: number;
  /** Came again, under the id that it had. */
  readonly repeated: number;
  /** Resources with more or fewer events than writes that were acknowledged. */
  readonly miscounted: number;
}

/** @param acknowledged - writes of each resource, every one of which is to be an event */
export function judge(
  feed: readonly FedEvent[],
  taken: readonly Taken[],
  acknowledged: ReadonlyMap<string, number>,
): Verdict {
  const good = taken.filter(({ refused, id, messageId }) => refused === undefined && id === messageId);
  const firsts = new Map<string, Taken>();
  for (const each of good) if (!firsts.has(each.id)) firsts.set(each.id, each);
  const fed = new Set(feed.map(({ id }) => id));
  const wanted = idsByResource(feed.map(({ id, subject }) => ({ id, resource: subject.id })));
  const came = idsByResource([...firsts.values()]);
  const isInOrder = (resource: string, ids: readonly string[]): boolean => {
    const arrived = came.get(resource) ?? [];
    const place = new Map(ids.map((id, index) => [id, index]));
    return arrived.every(
      (id, index) => index === 0 || (place.get(arrived[index - 1] ?? "") ?? 0) < (place.get(id) ?? 0),
    );
  };
  return {
    lost: feed.filter(({ id }) => !firsts.has(id)).length,
    foreign: [...firsts.keys()].filter((id) => !fed.has(id)).length,
    unsigned: taken.length - good.length,
    disordered: [...wanted].filter(([resource, ids]) => !isInOrder(resource, ids)).length,
    repeated: good.length - firsts.size,
    miscounted: [...acknowledged].filter(([id, writes]) => wanted.get(id)?.length !== writes).length,
  };
}

export function isGood({ lost, foreign, unsigned, disordered, miscounted }: Verdict): boolean {
  return lost + foreign + unsigned + disordered + miscounted === 0;
}

function idsByResource(
  events: readonly { readonly id: string; readonly resource: string }[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { id, resource } of events) {
    const ids = found.get(resource);
    if (ids === undefined) found.set(resource, [id]);
    else ids.push(id);
  }
  return found;
}
