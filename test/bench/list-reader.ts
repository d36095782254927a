import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';

/** What a reader got. */
export interface ReadList {
  readonly status: number | undefined;
  readonly tag: string;
  readonly body: Buffer;
  /** Until the last byte was here. */
  readonly tookMs: number;
}

/** Reads lists over one connection that stays, as a client with its token. */
export class ListReader {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #token: string;

  constructor({ caFile, port, token }: { readonly caFile: string; readonly port: number; readonly token: string }) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(caFile) });
    this.#port = port;
    this.#token = token;
  }

  async read(path: string, known?: string): Promise<ReadList> {
    const startedMs = performance.now();
    const response = await this.open(path, known);
    const pieces: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
    const tookMs = performance.now() - startedMs;
    const { statusCode: status, headers } = response;
    return { status, tag: headers.etag ?? '', body: Buffer.concat(pieces), tookMs };
  }

  /** An answer of which nothing is read as yet. */
  open(path: string, known?: string): Promise<IncomingMessage> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(known === undefined ? {} : { 'if-none-match': known }),
    };
    const options = { agent: this.#agent, host: '127.0.0.1', port: this.#port, path, headers };
    return new Promise((resolve, reject) => {
      request(options, resolve).on('error', reject).end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
