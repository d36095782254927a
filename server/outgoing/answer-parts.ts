import { isObject } from '../../shared/sealed-channel.ts';

/** `[`, `{`, `,`, `]`, `}`, `"` and `\\`. */
const [list, object, comma, listEnd, objectEnd, quote, backslash] = [0x5b, 0x7b, 0x2c, 0x5d, 0x7d, 0x22, 0x5c];

/** Levels of lists and objects in an answer of another system: those of Proxmox, OPNsense and CrowdSec have at most eight. */
const depthMax = 64;

/** What an answer's JSON text came to. */
export type ParsedAnswer =
  | { readonly kind: 'parsed'; readonly value: unknown }
  /** `why` as `has more than 64 levels`, behind "the answer". */
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * Reads the JSON of another system's answer, unless it has more lists, objects and values than so many, or more levels than
 * any. Both are looked at before it is parsed: in memory an empty object takes twenty times the bytes that it has in the
 * text, and two million levels take a second.
 */
export function parseAnswer(body: string, partsMax: number): ParsedAnswer {
  const why = whyTooMuch(body, partsMax);
  if (why !== undefined) return { kind: 'unreadable', why };
  try {
    return { kind: 'parsed', value: JSON.parse(body) };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'unreadable', why: 'is not JSON, or not all of it' };
    throw error;
  }
}

/** A failure has few words. */
const failurePartsMax = 10_000;

/** The object that a failure's body holds, or undefined for anything else. */
export function failureOf(body: string): Readonly<Record<string, unknown>> | undefined {
  const parsed = parseAnswer(body, failurePartsMax);
  return parsed.kind === 'parsed' && isObject(parsed.value) ? parsed.value : undefined;
}

/** Stops at the first that is too much. */
function whyTooMuch(body: string, partsMax: number): string | undefined {
  let [parts, depth] = [0, 0];
  for (let at = 0; at < body.length; at += 1) {
    const code = body.charCodeAt(at);
    if (code === quote) at = endOfText(body, at);
    const levels = levelsBy(code);
    depth += levels;
    parts += Number(levels > 0 || code === comma);
    if (parts > partsMax) return `has more than ${partsMax} parts`;
    if (depth > depthMax) return `has more than ${depthMax} levels`;
  }
  return undefined;
}

function levelsBy(code: number): number {
  if (code === list || code === object) return 1;
  return code === listEnd || code === objectEnd ? -1 : 0;
}

/** The place of the quote that ends the text which begins at `at`. */
function endOfText(body: string, at: number): number {
  for (let end = at + 1; end < body.length; end += 1) {
    const code = body.charCodeAt(end);
    if (code === backslash) end += 1;
    else if (code === quote) return end;
  }
  return body.length;
}
