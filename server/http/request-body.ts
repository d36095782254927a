import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readBody, TooLongError } from '../../shared/host/read-body.ts';
import { parseObject } from '../../shared/sealed-channel.ts';
import { httpLimits } from './http-limits.ts';
import type { Problem } from './problem.ts';
import type { Route } from './route.ts';

type Body = { readonly value: Readonly<Record<string, unknown>> } | { readonly problem: Problem };

/** Whether a body comes with a request (RFC 9112 §6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || !['0', undefined].includes(headers['content-length']);
}

/** The JSON object of a request that takes one; nothing may come with any other, but what is discarded. */
export async function readRequestBody(
  message: IncomingMessage,
  { takes, discardsMaxBytes }: Pick<Route, 'takes' | 'discardsMaxBytes'>,
): Promise<Body> {
  if (!hasBody(message.headers)) return { value: {} };
  if (discardsMaxBytes !== undefined) return await readBounded(message, discardsMaxBytes, () => ({ value: {} }));
  if (takes === undefined) return malformed('this takes no body; arguments stand in the url');
  if (!/^application\/json *(?:;|$)/i.test(message.headers['content-type'] ?? ''))
    return malformed('the body has to be application/json');
  return await readBounded(message, httpLimits.bodyMaxBytes, (text) => {
    const value = parseObject(text);
    return value === undefined ? malformed('the body is not a JSON object') : { value };
  });
}

async function readBounded(message: IncomingMessage, maxBytes: number, take: (text: string) => Body): Promise<Body> {
  try {
    return take(await readBody(message, maxBytes));
  } catch (error) {
    // First: whoever stops reading destroys the message too.
    if (error instanceof TooLongError)
      return { problem: { code: 'too-large', detail: `the body has more than ${maxBytes} bytes` } };
    if (message.destroyed) return malformed('the body ends early');
    throw error;
  }
}

function malformed(detail: string): Body {
  return { problem: { code: 'malformed', detail } };
}
