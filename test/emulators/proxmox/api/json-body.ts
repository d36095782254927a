const VALUE_EXPECTED = 'malformed JSON string, neither tag, array, object, number, string or atom';

/**
 * The parameters of a JSON body.
 *
 * @throws SyntaxError with the text that Perl's JSON module gives; recorded for a body that ends where a value should
 * be, the same for every other fault
 */
export function parseJsonBody(text: string): [string, unknown][] {
  if (text === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(perlComplaint(text, error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value);
}

function perlComplaint(text: string, error: unknown): string {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  const offset = position === undefined ? text.length : Number(position);
  const rest = offset >= text.length ? '(end of string)' : text.slice(offset);
  const place = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.';
  return `${VALUE_EXPECTED}, at character offset ${offset} (before "${rest}") ${place}`;
}
