/** `[`, `{` and `,`: a part follows. */
const beginnings: readonly number[] = [0x5b, 0x7b, 0x2c];

/**
 * Whether a JSON text has more lists, objects and values than so many. Looked at before it is parsed: in memory an empty
 * object takes twenty times the bytes that it has in the text.
 */
export function hasMoreParts(body: string, most: number): boolean {
  let parts = 0;
  if (body.length <= most) return false;
  for (let at = 0; at < body.length; at += 1) {
    if (beginnings.includes(body.charCodeAt(at))) parts += 1;
    if (parts > most) return true;
  }
  return false;
}
