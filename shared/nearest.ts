/** Slips of the pen, such as a letter too many and two that changed places. */
const distanceMax = 2;

/** What may have been meant by a word that is none of `allowed`: `did you mean port?`, or all of them. */
export function suggest(word: string, allowed: readonly string[]): string {
  const nearest = allowed
    .map((candidate) => ({ candidate, distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= distanceMax && distance * 2 <= candidate.replace(/\W/g, '').length)
    .sort((a, b) => a.distance - b.distance)[0];
  return nearest === undefined ? `allowed are ${allowed.join(', ')}` : `did you mean ${nearest.candidate}?`;
}

/** Letters to insert, drop or replace to make the one of the other (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...b].entries()) {
      const replaced = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
