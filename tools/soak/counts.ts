/**
 * Do the cycles' counts say what happened? They are compared with the ledger, which knows every change, and with the
 * histories, which know what the clients were told.
 */
import { type Counts, NO_COUNTS, type State } from "./model.ts";

export interface Books {
  readonly cycles: Counts | undefined;
  readonly ledger: Counts | undefined;
  /** What each object may be in the end; undefined where no order explains its history, so that nobody knows. */
  readonly explained: readonly (readonly State[] | undefined)[];
}

export function compareCounts({ cycles = NO_COUNTS, ledger = NO_COUNTS, explained }: Books): string[] {
  const names = Object.keys(NO_COUNTS) as (keyof Counts)[];
  const isWholeKnown = explained.every((states) => states !== undefined);
  return names.flatMap((name) => {
    const found = cycles[name];
    const [least, most] = rangeOf(name, explained);
    return [
      ...(found === ledger[name] ? [] : [`the cycles count ${name} = ${found}, the ledger ${ledger[name]}`]),
      // What an unexplained history did stands in the cycles and nowhere else, so that only the ledger can tell.
      ...(!isWholeKnown || (least <= found && found <= most)
        ? []
        : [
            `the cycles count ${name} = ${found}, the histories ${least === most ? least : `${least} to ${most}`}`,
          ]),
    ];
  });
}

/** An operation that was never answered may have happened or not, which leaves an object several states. */
function rangeOf(name: keyof Counts, explained: Books["explained"]): readonly [least: number, most: number] {
  return explained.reduce<readonly [number, number]>(
    ([least, most], states = []) => {
      const counts = states.map((state) => state.counts[name]);
      return [least + Math.min(...counts), most + Math.max(...counts)];
    },
    [0, 0],
  );
}
