const shownMax = 10;

/** Items as they stand in a sentence: the first ten, and how many more there are. */
export function enumerate(items: readonly string[]): string {
  const shown = items.slice(0, shownMax).join(', ');
  return items.length > shownMax ? `${shown} and ${items.length - shownMax} more` : shown;
}
