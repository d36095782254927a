import type { IncomingMessage } from 'node:http';

/** A body is longer than its reader takes. */
export class TooLongError extends Error {}

/** The body of a request or an answer, as text. @throws TooLongError; Error when it ends early */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    const data = Buffer.from(chunk);
    bytes += data.length;
    if (bytes > maxBytes) throw new TooLongError(`a body of more than ${maxBytes} bytes`);
    chunks.push(data);
  }
  return Buffer.concat(chunks).toString('utf8');
}
