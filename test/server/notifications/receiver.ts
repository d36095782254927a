import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { readBody } from '../../../shared/host/read-body.ts';
import { type Certificates, makeCertificates } from '../../certificates.ts';
import { type Ending, makeFolder } from '../../ending.ts';

export const secret = 'a secret of the tests, not of anybody'.replaceAll(' ', '-');

/** A request as it came. */
export interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ReceivedBody {
  readonly id: string;
  readonly server: string;
  readonly dropped: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** Something real that takes webhooks over HTTPS, well or badly. */
export class Receiver {
  readonly certificates: Certificates;
  readonly received: Received[] = [];
  /** What it does with a request that it has read. */
  answer: (response: ServerResponse, message: IncomingMessage) => void = (response) => response.writeHead(204).end();
  readonly #server: Server;

  private constructor(certificates: Certificates) {
    this.certificates = certificates;
    const tls = { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) };
    this.#server = createServer(tls, (message, response) => {
      readBody(message, 1_000_000).then(
        (body) => {
          this.received.push({ path: message.url, headers: message.headers, body });
          this.answer(response, message);
        },
        () => message.destroy(),
      );
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  static async start(ending: Ending): Promise<Receiver> {
    const folder = await makeFolder(ending);
    const receiver = new Receiver(await makeCertificates(join(folder, 'certificates')));
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    ending.after(() => receiver.close());
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** What was received and is signed as README says. */
  get bodies(): ReceivedBody[] {
    return this.received.map(({ headers, body }) => {
      const timestamp = String(headers['x-fail2networkban-timestamp']);
      const expected = `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
      if (headers['x-fail2networkban-signature'] !== expected) throw new Error(`wrong signature of ${body}`);
      return JSON.parse(body);
    });
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
