import type { Duplex } from 'node:stream';

/** Method, target and headers of a request. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** `1.0` or `1.1`. */
  readonly version: string;
  /** By name in lower case; of several, the last. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What came instead of a request: nothing for too long, the end, something else, or too many or too long headers. */
export type NoRequest = 'idle' | 'ended' | 'malformed' | 'header-too-large';

const HEAD_MAX_BYTES = 8 * 1024;
const HEAD_MAX_LINES = 64;
const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/(1\.[01])$/;

/**
 * Reads the requests of one connection, one after the other. It exists because Node's own server can neither answer with
 * two contradictory Connection headers nor end connections when Proxmox does.
 */
export class HttpRequestReader {
  readonly #socket: Duplex;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  /** Waits for the head of the next request; `idleMs` is how long the connection may be silent. */
  async readHead(idleMs: number): Promise<RequestHead | NoRequest> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end >= 0 ? end > HEAD_MAX_BYTES : this.#received.length > HEAD_MAX_BYTES) return 'header-too-large';
      if (end >= 0) {
        const text = this.#received.toString('latin1', 0, end);
        this.#received = this.#received.subarray(end + 4);
        return parseHead(text);
      }
      if (this.#ended) return 'ended';
      if (!(await this.#more(idleMs))) return 'idle';
    }
  }

  /** Waits for a body of that many bytes; undefined when the connection ends or falls silent before. */
  async readBody(length: number, idleMs: number): Promise<Buffer | undefined> {
    while (this.#received.length < length) {
      if (this.#ended || !(await this.#more(idleMs))) return undefined;
    }
    const body = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return body;
  }

  /** From now on what comes in is thrown away, so that a client that is still sending can read its refusal. */
  discardRest(): void {
    this.#socket.removeAllListeners('data');
    this.#received = Buffer.alloc(0);
    this.#socket.resume();
  }

  /** Waits for anything to happen; false when nothing did in time. */
  #more(idleMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), idleMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

function parseHead(text: string): RequestHead | NoRequest {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [, method, target, version] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === undefined || target === undefined || version === undefined) return 'malformed';
  if (lines.length > HEAD_MAX_LINES) return 'header-too-large';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return 'malformed';
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, target, version, headers };
}
