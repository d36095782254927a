/**
 * How each line of the queue begins. A field that ends in `v1` (a jail `dev1`) is followed by an address or a number, never
 * by a verb.
 */
const beginning = /v1\t(?:ban|unban|prolong|flush|stop|hand-ban|hand-unban|hand-lift)\t/g;

/** Characters of the longest beginning. */
export const beginningMaxLength = 'v1\thand-unban\t'.length;

/** What stands between two newlines of the queue. */
export interface Written {
  /** Lines that a full disk cut off, each without its end. */
  readonly cut: readonly string[];
  /** What the newline ends; undefined: nothing, an empty line. */
  readonly line: string | undefined;
}

/**
 * Tells a line from what was cut off before it. Each line is one write. On a full disk a write leaves the first part of its
 * line, without the newline, and the next write goes on behind it:
 *
 * ```
 *   v1⇥ban⇥ssh v1⇥unban⇥sshd⇥192.0.2.1⇥… ↵
 *   └── cut ──┘└───────── line ─────────┘
 * ```
 */
export function separateCut(text: string): Written {
  // Nearly every line: none begins behind its first character.
  if (text.indexOf('v1\t', 1) === -1) return { cut: [], line: text === '' ? undefined : text };
  const begins = Array.from(text.matchAll(beginning), ({ index }) => index);
  const from = begins.at(-1) ?? 0;
  const line = text.slice(from);
  const starts = begins[0] === 0 ? begins : [0, ...begins];
  const cut = starts.slice(0, -1).map((start, at) => text.slice(start, starts[at + 1]));
  return { cut: from === 0 ? [] : cut, line: line === '' ? undefined : line };
}

/** Where the last line of a text begins, 0 or more; undefined where none does. */
export function lastBeginning(text: string): number | undefined {
  return Array.from(text.matchAll(beginning), ({ index }) => index).at(-1);
}
