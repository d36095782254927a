import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Ending } from '../ending.ts';

/** Hands connections on to a port of this host, and ends them in order when a test says so: whoever asks next connects anew. */
export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: () => number) {
    this.#server = createServer((asking) => {
      const answering = connect(port(), '127.0.0.1');
      this.#sockets.add(asking);
      asking.once('close', () => this.#sockets.delete(asking));
      for (const each of [asking, answering]) each.on('error', () => undefined);
      asking.pipe(answering);
      answering.pipe(asking);
    });
  }

  /** @param port asked of each connection: the server may be another by then */
  static async start(ending: Ending, port: () => number): Promise<Relay> {
    const relay = new Relay(port);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    ending.after(async () => {
      for (const socket of relay.#sockets) socket.destroy();
      relay.#server.close();
    });
    return relay;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async endConnections(): Promise<void> {
    await Promise.all(
      [...this.#sockets].map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once('close', () => resolve());
            socket.end();
          }),
      ),
    );
  }
}
