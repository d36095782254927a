import { blocklistLimits } from './blocklist-limits.ts';

/** Resolves once the events that have already arrived are handled. */
export type Rest = () => Promise<void>;

/** Handles very many, and lets others have their turn in between. */
export async function inTurns<Item>(items: Iterable<Item>, rest: Rest, handle: (item: Item) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    handle(item);
    count += 1;
    if (count % blocklistLimits.perTurn === 0) await rest();
  }
}
