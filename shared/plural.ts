/** A count with its noun: `1 report`, `2 reports`, `2 entries`. */
export function plural(count: number, noun: string, several = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : several}`;
}
