import { parseJsonBody } from './json-body.ts';

/** What the two ways of sending a body are called; a body without a type is a form. */
export type BodyType = 'form' | 'json';

/** The kind of body that a Content-Type announces; undefined for one that Proxmox does not take. */
export function bodyTypeOf(contentType: string | undefined): BodyType | undefined {
  const [type = ''] = (contentType ?? '').split(';');
  switch (type.trim().toLowerCase()) {
    case '':
    case 'application/x-www-form-urlencoded':
      return 'form';
    case 'application/json':
      return 'json';
    default:
      return undefined;
  }
}

/**
 * All parameters of a request. One given twice becomes a list; `_dc`, with which browsers get past caches, is dropped.
 *
 * @throws SyntaxError with Perl's complaint about a JSON body that is none
 */
export function readParameters(
  pathParameters: ReadonlyMap<string, string>,
  query: string,
  body: { readonly text: string; readonly type: BodyType },
): Map<string, unknown> {
  const given = new Map<string, unknown>(parseForm(query));
  const sent = body.type === 'form' ? parseForm(body.text) : parseJsonBody(body.text);
  for (const [name, value] of sent) given.set(name, value);
  given.delete('_dc');
  for (const [name, value] of pathParameters) given.set(name, value);
  return given;
}

/** Decodes %XX; bytes that are not UTF-8 become U+FFFD, one each. */
export function decodePercent(text: string): string {
  const bytes = Buffer.from(text).toString('latin1');
  const decoded = bytes.replaceAll(/%([0-9A-Fa-f]{2})/g, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, 'latin1').toString('utf8');
}

function parseForm(text: string): Map<string, string | string[]> {
  const form = new Map<string, string | string[]>();
  for (const pair of text.split(/[&;]/).filter((each) => each !== '')) {
    const equals = pair.indexOf('=');
    const name = decodeForm(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decodeForm(pair.slice(equals + 1));
    const before = form.get(name);
    form.set(name, before === undefined ? value : [before, value].flat());
  }
  return form;
}

function decodeForm(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}
