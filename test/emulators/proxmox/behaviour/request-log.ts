/** One request that was read, in the order in which they were answered. */
export interface LoggedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** The status answered; undefined when the connection ended without an answer. */
  readonly status: number | undefined;
  /** Which connection it came over, counted from 1. */
  readonly connection: number;
  /** Whether it was the first on its connection, so that the client paid for a new one. */
  readonly newConnection: boolean;
  /** When it had been read, in milliseconds since the emulator started. */
  readonly atMs: number;
  /** From then until its answer had been handed to the socket. */
  readonly tookMs: number;
}

/** What an emulated Proxmox was asked. Grows until cleared: a bench of many hours clears it between its parts. */
export class RequestLog {
  readonly #entries: LoggedRequest[] = [];
  #connections = 0;
  #lastConnection = 0;
  #handshakes = 0;

  /** Everything so far. */
  get entries(): readonly LoggedRequest[] {
    return this.#entries;
  }

  /** Requests that only read: GET. */
  get reads(): number {
    return this.#entries.filter(({ method }) => method === 'GET').length;
  }

  /** Requests that meant to change something, whatever came of them. */
  get writes(): number {
    return this.#entries.length - this.reads;
  }

  /** Connections accepted, with or without TLS. */
  get connections(): number {
    return this.#connections;
  }

  /** TLS handshakes completed. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Forgets the requests and starts the counters at 0; connections keep their numbers. */
  clear(): void {
    this.#entries.length = 0;
    this.#handshakes = 0;
    this.#connections = 0;
  }

  /** Adds one answered request. */
  add(entry: LoggedRequest): void {
    this.#entries.push(entry);
  }

  /** Counts a connection and gives it its number. */
  countConnection(): number {
    this.#connections += 1;
    this.#lastConnection += 1;
    return this.#lastConnection;
  }

  /** Counts a completed handshake. */
  countHandshake(): void {
    this.#handshakes += 1;
  }
}
