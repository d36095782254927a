import type { Duplex } from 'node:stream';
import { formatHead, textAnswer } from './http-answer.ts';
import { HttpRequestReader } from './http-request-reader.ts';

/** Sends a client that speaks plain HTTP on the TLS port to https, and ends its connection. */
export async function redirectToTls(socket: Duplex, idleMs: number): Promise<void> {
  const reader = new HttpRequestReader(socket);
  const head = await reader.readHead(idleMs);
  if (typeof head === 'string') {
    socket.destroy();
    return;
  }
  const location = `https://${head.headers.get('host') ?? 'localhost'}${head.target}`;
  const answer = head.method === 'GET' ? textAnswer(301, 'Moved Permanently') : textAnswer(308, 'Permanent Redirect');
  reader.discardRest();
  // The header promises to keep the connection; it ends nevertheless.
  socket.end(Buffer.concat([formatHead({ ...answer, location }, true), answer.body ?? Buffer.alloc(0)]));
}
