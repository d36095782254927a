import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { EmulatedProxmox } from '../emulated-proxmox.ts';
import { restoreText } from './elided-text.ts';
import type { RecordedRequest } from './transcript.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

/** Sends a recorded request over a connection of its own, byte for byte as recorded. */
export async function sendRecorded(request: RecordedRequest, emulated: EmulatedProxmox): Promise<RawAnswer> {
  const socket =
    request.tls === false
      ? connectPlain(emulated.port, emulated.host)
      : connectTls({ host: emulated.host, port: emulated.port, ca: emulated.caPem });
  try {
    socket.write(formatRequest(request, emulated));
    return parseAnswer(await readAnswer(socket));
  } finally {
    socket.destroy();
  }
}

function formatRequest(request: RecordedRequest, emulated: EmulatedProxmox): Buffer {
  const body = request.body === null ? undefined : Buffer.from(restoreText(request.body));
  const lines = [
    `${request.method} ${request.path} HTTP/1.1`,
    `Host: ${emulated.host}:18006`,
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(request.token === null ? [] : [`Authorization: PVEAPIToken=${completeToken(request.token, emulated)}`]),
    ...((request.content_type ?? null) === null ? [] : [`Content-Type: ${request.content_type}`]),
  ];
  if (body === undefined) return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  lines.push(request.chunked === true ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  if (request.chunked !== true) return Buffer.concat([head, body]);
  return Buffer.concat([head, Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
}

function completeToken(token: string, emulated: EmulatedProxmox): string {
  return token.includes('=') ? token : emulated.tokenOf(token);
}

/** Reads until the announced length is there; an answer without one ends with its connection or is complete as it is. */
async function readAnswer(socket: Socket): Promise<Buffer> {
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    if (!Buffer.isBuffer(chunk)) continue;
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(received.toString('latin1', 0, Math.max(end, 0))) ?? [];
    if (end >= 0 && length !== undefined && received.length >= end + 4 + Number(length)) break;
  }
  return received;
}

function parseAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [, status, reason = ''] = /^HTTP\/1\.1 (\d{3}) ([^\r]*)/.exec(bytes.toString('utf8', 0, end)) ?? [];
  return { status: Number(status), reason, body: bytes.toString('utf8', end + 4) };
}
