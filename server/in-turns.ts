/** Calls back once the events that have already arrived are handled (setImmediate). */
export type Soon = (then: () => void) => void;

/** How very many items are handled without holding up everybody else. */
export interface Turns {
  /** Items that are a few milliseconds of work. */
  readonly perTurn: number;
  readonly soon: Soon;
}

/** No turns: for whoever serves nobody else meanwhile. */
export const atOnce: Turns = { perTurn: Number.POSITIVE_INFINITY, soon: (then) => then() };

/** Handles very many items, so many at a time and with the place of the first: in between others have their turn. */
export async function inTurns<Item>(
  items: readonly Item[],
  { perTurn, soon }: Turns,
  handle: (some: readonly Item[], from: number) => void,
): Promise<void> {
  for (let from = 0; from < items.length; from += perTurn) {
    if (from > 0) await new Promise<void>((resolve) => soon(resolve));
    handle(items.slice(from, from + perTurn), from);
  }
}
