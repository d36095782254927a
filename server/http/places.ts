import type { Socket } from 'node:net';
import { httpLimits } from './http-limits.ts';

interface Taken {
  requests: number;
  readonly connections: Set<Socket>;
}

/** How much of this server each client uses at once. */
export class Places {
  readonly #taken = new Map<string, Taken>();

  /** @returns gives the place back; undefined when the client has as many requests or connections as it may */
  take(client: string, socket: Socket): (() => void) | undefined {
    const taken = this.#taken.get(client) ?? { requests: 0, connections: new Set() };
    if (taken.requests >= httpLimits.requestsPerClientMax) return undefined;
    if (!taken.connections.has(socket)) {
      if (taken.connections.size >= httpLimits.connectionsPerClientMax) return undefined;
      taken.connections.add(socket);
      socket.once('close', () => {
        taken.connections.delete(socket);
        this.#forget(client, taken);
      });
    }
    taken.requests += 1;
    this.#taken.set(client, taken);
    return () => {
      taken.requests -= 1;
      this.#forget(client, taken);
    };
  }

  #forget(client: string, { requests, connections }: Taken): void {
    if (requests === 0 && connections.size === 0) this.#taken.delete(client);
  }
}
