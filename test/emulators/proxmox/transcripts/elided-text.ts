/** A text of which a recording keeps only the beginning and the length. */
export interface ElidedText {
  readonly beginning: string;
  /** Characters of the whole. */
  readonly length: number;
}

const MARK = /^(.*)\.\.\.\[(\d+) characters\]$/s;
const COUNTING_LINE = /^(10\.0\.)(\d+)\.(\d+)( # .*)$/;

/** Splits a recorded text that ends in `...[N characters]`; undefined when it is whole. */
export function parseElided(text: string): ElidedText | undefined {
  const [, beginning, length] = MARK.exec(text) ?? [];
  return beginning === undefined ? undefined : { beginning, length: Number(length) };
}

/** Whether `text` can be what was recorded: the same, or as long and with the same beginning. */
export function isSameText(recorded: string | null, text: string | null): boolean {
  if (recorded === null || text === null) return recorded === text;
  const elided = parseElided(recorded);
  if (elided === undefined) return recorded === text;
  return text.length === elided.length && text.startsWith(elided.beginning);
}

/**
 * Makes a recorded text whole again where its beginning shows how it goes on: a run of one character, or lines whose
 * addresses count upwards. That the guess is right shows in the lengths recorded before and after the request.
 *
 * @throws when the beginning shows neither
 */
export function restoreText(text: string): string {
  const elided = parseElided(text);
  if (elided === undefined) return text;
  const { beginning, length } = elided;
  const last = beginning.at(-1) ?? '';
  const lines = beginning.split('\n').slice(0, -1);
  const restored = lines.length > 1 ? continueCounting(lines, length) : beginning.padEnd(length, last);
  if (restored.length !== length || !restored.startsWith(beginning)) throw new Error('cannot restore an elided text');
  return restored;
}

/** Goes on counting while whole lines fit, and ends in the empty lines of a section's end. */
function continueCounting(lines: readonly string[], length: number): string {
  const [, network, third, fourth, rest] = COUNTING_LINE.exec(lines.at(-1) ?? '') ?? [];
  const parts = [lines.join('\n'), '\n'];
  let size = parts.join('').length;
  for (let next = Number(third) * 256 + Number(fourth) + 1; ; next += 1) {
    const line = `${network}${next >> 8}.${next & 255}${rest}\n`;
    if (size + line.length > length) break;
    parts.push(line);
    size += line.length;
  }
  return parts.join('').padEnd(length, '\n');
}
