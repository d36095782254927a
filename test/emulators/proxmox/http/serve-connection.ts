import type { Duplex } from 'node:stream';
import { endsConnection, formatHead, type HttpAnswer, textAnswer } from './http-answer.ts';
import { HttpRequestReader, type NoRequest, type RequestHead } from './http-request-reader.ts';

/** How an answer is put on the wire: whole, with a body that never ends, or not at all. */
export type Delivery = 'whole' | 'half-of-the-body' | 'connection-ends';

/** An answer and how it is delivered. */
export interface Reply {
  readonly answer: HttpAnswer;
  readonly delivery: Delivery;
}

/** An answer delivered as it should be. */
export function whole(answer: HttpAnswer): Reply {
  return { answer, delivery: 'whole' };
}

/** One request of a connection, its body still unread. */
export interface IncomingRequest {
  readonly head: RequestHead;
  /** 1 for the first of the connection. */
  readonly ordinal: number;
  /** Reads the body; undefined when the connection ended before it was complete. */
  readonly readBody: (length: number) => Promise<Buffer | undefined>;
}

/** What a connection is served with. */
export interface ConnectionRules {
  /** Milliseconds a connection may be silent. */
  readonly idleMs: number;
  /** Requests a connection may carry. */
  readonly maxRequests: number;
  /** Answers a request; must not throw. */
  readonly answer: (request: IncomingRequest) => Promise<Reply>;
  /** Called when the answer has been handed to the socket, or the connection ended instead. */
  readonly answered: (request: IncomingRequest, status: number | undefined) => void;
}

/** The client has this long to read a last answer while it is still sending. */
const LINGER_MS = 1000;

/** Serves one connection until it ends. */
export async function serveConnection(socket: Duplex, rules: ConnectionRules): Promise<void> {
  const reader = new HttpRequestReader(socket);
  for (let ordinal = 1; ; ordinal += 1) {
    const head = await reader.readHead(rules.idleMs);
    if (typeof head === 'string') return refuse(socket, reader, head);
    const request = { head, ordinal, readBody: (length: number) => reader.readBody(length, rules.idleMs) };
    const { answer, delivery } = await rules.answer(request);
    const keepAlive = ordinal < rules.maxRequests && wantsKeepAlive(head) && !endsConnection(answer.status);
    send(socket, answer, delivery, keepAlive);
    rules.answered(request, delivery === 'connection-ends' ? undefined : answer.status);
    if (delivery === 'half-of-the-body' || delivery === 'connection-ends') return;
    if (!keepAlive) return finish(socket, reader);
  }
}

function wantsKeepAlive({ version, headers }: RequestHead): boolean {
  const wish = headers.get('connection')?.toLowerCase() ?? '';
  return version === '1.1' ? !wish.includes('close') : wish.includes('keep-alive');
}

function send(socket: Duplex, answer: HttpAnswer, delivery: Delivery, keepAlive: boolean): void {
  if (delivery === 'connection-ends') {
    socket.destroy();
    return;
  }
  const { body = Buffer.alloc(0) } = answer;
  const shown = delivery === 'half-of-the-body' ? body.subarray(0, Math.floor(body.length / 2)) : body;
  socket.write(Buffer.concat([formatHead(answer, keepAlive), shown]));
}

/** Headers beyond the limits are refused with a text; its wording is not covered by the recordings. */
function refuse(socket: Duplex, reader: HttpRequestReader, why: NoRequest): void {
  if (why === 'header-too-large') {
    send(socket, textAnswer(501, 'http header too large'), 'whole', false);
    finish(socket, reader);
    return;
  }
  if (why === 'malformed') {
    send(socket, textAnswer(400, 'bad request'), 'whole', false);
    finish(socket, reader);
    return;
  }
  socket.destroy();
}

function finish(socket: Duplex, reader: HttpRequestReader): void {
  reader.discardRest();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
