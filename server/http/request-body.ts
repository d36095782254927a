import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readBody, TooLongError } from '../../shared/host/read-body.ts';
import { parseObject } from '../../shared/sealed-channel.ts';
import { httpLimits } from './http-limits.ts';
import type { Problem } from './problem.ts';

type Body = { readonly value: Readonly<Record<string, unknown>> } | { readonly problem: Problem };

/** Whether a body comes with a request (RFC 9112 §6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || !['0', undefined].includes(headers['content-length']);
}

/** The JSON object of a request that takes one; nothing may come with any other. */
export async function readRequestBody(message: IncomingMessage, isTaken: boolean): Promise<Body> {
  if (!hasBody(message.headers)) return { value: {} };
  if (!isTaken) return malformed('this takes no body; arguments stand in the url');
  if (!/^application\/json *(?:;|$)/i.test(message.headers['content-type'] ?? ''))
    return malformed('the body has to be application/json');
  try {
    const value = parseObject(await readBody(message, httpLimits.bodyMaxBytes));
    return value === undefined ? malformed('the body is not a JSON object') : { value };
  } catch (error) {
    // First: whoever stops reading destroys the message too.
    if (error instanceof TooLongError)
      return { problem: { code: 'too-large', detail: `the body has more than ${httpLimits.bodyMaxBytes} bytes` } };
    if (message.destroyed) return malformed('the body ends early');
    throw error;
  }
}

function malformed(detail: string): Body {
  return { problem: { code: 'malformed', detail } };
}
