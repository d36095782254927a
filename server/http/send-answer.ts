import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { hasBody } from './request-body.ts';

/** What every answer says: what one client may see is not for another, nor for a cache between them. */
const common = {
  'cache-control': 'private, no-cache',
  vary: 'authorization, x-api-key',
  'x-content-type-options': 'nosniff',
};

/** Sends an answer, or only its head when that is asked for, or when the asker has it already. */
export function sendAnswer(
  { method, headers: asked, complete }: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  then: 'keep' | 'close',
): void {
  const isKnown = status === 200 && headers['etag'] !== undefined && fitsTag(asked['if-none-match'], headers['etag']);
  // Where the rest of a body is still on its way, the next request could not be told from it.
  const connection = then === 'close' || (hasBody(asked) && !complete) ? { connection: 'close' } : {};
  const length = isKnown ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(isKnown ? 304 : status, { ...common, ...headers, ...length, ...connection });
  if (isKnown || method === 'HEAD') response.end();
  else response.end(body);
}

/** RFC 9110 §13.1.2, by the weak comparison. */
function fitsTag(asked: string | undefined, tag: string): boolean {
  if (asked === undefined) return false;
  return asked.split(',').some((each) => {
    const known = each.trim();
    return known === '*' || known.replace(/^W\//, '') === tag.replace(/^W\//, '');
  });
}
