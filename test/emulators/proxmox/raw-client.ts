import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { EmulatedProxmox } from './emulated-proxmox.ts';

/** A request spelled out. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Sent with its Content-Length. */
  readonly body?: string;
  /** `USER@REALM!TOKENID=SECRET`. */
  readonly token?: string;
  /** Sent as they are, and in this order; a form's Content-Type is not added. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the body in chunks instead of with its length. */
  readonly chunked?: boolean;
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  /** Name and value, in order, repetitions kept. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** One connection to an emulated Proxmox that hides nothing: no pool, no repeats, no merged headers. */
export class RawClient {
  readonly #socket: Socket;
  readonly #host: string;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    // An end and a reset are the same here: the connection is over.
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        this.#closed = true;
        this.#wake();
      });
    }
  }

  /** Connects with TLS, checking the certificate, or without. */
  static async connect(emulated: EmulatedProxmox, tls = true): Promise<RawClient> {
    const { host, port, caPem } = emulated;
    const socket = tls ? connectTls({ host, port, ca: caPem }) : connectPlain(port, host);
    await once(socket, tls ? 'secureConnect' : 'connect');
    return new RawClient(socket, `${host}:${port}`);
  }

  /** Whether the other side has ended the connection. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a request and reads its answer.
   *
   * @throws when the connection ends before the answer is complete
   */
  async request(request: RawRequest): Promise<RawAnswer> {
    this.#socket.write(formatRequest(request, this.#host));
    for (;;) {
      const answer = this.#takeAnswer();
      if (answer !== undefined) return answer;
      if (this.#closed) throw new Error('the connection ended without a complete answer');
      await this.#change();
    }
  }

  /** Waits until the other side ends the connection. */
  async closed(): Promise<void> {
    while (!this.#closed) await this.#change();
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }

  /** An answer without a length is complete with its head: all of these end their connection and have no body. */
  #takeAnswer(): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.#received.toString('utf8', 0, end).split('\r\n');
    const headers = lines.map(splitHeader);
    const length = Number(headers.find(([name]) => name === 'Content-Length')?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return undefined;
    const body = this.#received.toString('utf8', end + 4, end + 4 + length);
    this.#received = this.#received.subarray(end + 4 + length);
    const [, status, reason = ''] = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(statusLine) ?? [];
    return { status: Number(status), reason, headers, body };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** One request on a connection of its own. */
export async function requestOnce(emulated: EmulatedProxmox, request: RawRequest, tls = true): Promise<RawAnswer> {
  const client = await RawClient.connect(emulated, tls);
  try {
    return await client.request(request);
  } finally {
    client.close();
  }
}

function splitHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}

function formatRequest(request: RawRequest, host: string): Buffer {
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  const lines = [
    `${request.method} ${request.path} HTTP/1.1`,
    ...Object.entries({ Host: host, ...request.headers }).map(([name, value]) => `${name}: ${value}`),
  ];
  if (request.token !== undefined) lines.push(`Authorization: PVEAPIToken=${request.token}`);
  if (body === undefined) return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  lines.push(request.chunked === true ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  if (request.chunked !== true) return Buffer.concat([head, body]);
  return Buffer.concat([head, Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
}
