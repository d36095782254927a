import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { fitsTag } from './entity-tag.ts';
import { httpLimits } from './http-limits.ts';
import { hasBody } from './request-body.ts';

/** What every answer says: what one client may see is not for another, nor for a cache between them. */
const common = {
  'cache-control': 'private, no-cache',
  vary: 'authorization, x-api-key',
  'x-content-type-options': 'nosniff',
};

/**
 * Sends an answer, or only its head when that is asked for, or when the asker has it already. Resolves when a long
 * one has left, or nobody takes it any more.
 */
export function sendAnswer(
  { method, headers: asked, complete }: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  then: 'keep' | 'close',
): Promise<void> {
  const etag = headers['etag'];
  const isKnown = status === 304 || (status === 200 && etag !== undefined && fitsTag(asked['if-none-match'], etag));
  // Where the rest of a body is still on its way, the next request could not be told from it.
  const connection = then === 'close' || (hasBody(asked) && !complete) ? { connection: 'close' } : {};
  const length = isKnown ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(isKnown ? 304 : status, { ...common, ...headers, ...length, ...connection });
  const sent = isKnown || method === 'HEAD' ? '' : body;
  if (sent.length > httpLimits.pieceMaxBytes)
    return sendLong(response, Buffer.isBuffer(sent) ? sent : Buffer.from(sent));
  response.end(sent);
  return Promise.resolve();
}

/** A reader that is slow has one piece waiting for it, not the whole, of which TLS would make a copy. */
function sendLong(response: ServerResponse, body: Buffer): Promise<void> {
  sendPieces(response, body);
  // Without a socket it is already gone, or stands behind another answer and would not tell when it goes.
  if (response.socket === null || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => response.once('close', resolve));
}

function sendPieces(response: ServerResponse, body: Buffer): void {
  let from = 0;
  const sendNext = (): void => {
    while (from < body.length) {
      const piece = body.subarray(from, from + httpLimits.pieceMaxBytes);
      from += piece.length;
      if (!response.write(piece)) {
        response.once('drain', sendNext);
        return;
      }
    }
    response.end();
  };
  sendNext();
}
