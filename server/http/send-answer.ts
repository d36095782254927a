import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { fitsTag } from './entity-tag.ts';
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
  const etag = headers['etag'];
  const isKnown = status === 304 || (status === 200 && etag !== undefined && fitsTag(asked['if-none-match'], etag));
  // Where the rest of a body is still on its way, the next request could not be told from it.
  const connection = then === 'close' || (hasBody(asked) && !complete) ? { connection: 'close' } : {};
  const length = isKnown ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(isKnown ? 304 : status, { ...common, ...headers, ...length, ...connection });
  if (isKnown || method === 'HEAD') response.end();
  else response.end(body);
}
