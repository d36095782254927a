import type { Socket } from 'node:net';
import type { Clock } from '../shared/clock.ts';
import { limits } from '../shared/limits.ts';
import { familyOf, type Network, networkFrom, parseNetwork, rangeOf } from '../shared/network.ts';

/** A connection that has not logged in. */
export interface Stranger {
  readonly address: Network | undefined;
  /** How it ends when its time is over: its socket is cut, unless something gentler is set. */
  end: (reason: string) => void;
  /** It has logged in: it counts no longer and has no deadline. */
  readonly leave: () => void;
}

export interface StrangersOptions {
  readonly clock: Clock;
  /** Told of each that is cut off or sent away. */
  readonly onTurnedAway: (address: Network | undefined, reason: string) => void;
}

/**
 * Connections from their first packet to their login: few, for a short time, and few from one place, so that nobody
 * without a key can use up the server, at whichever of TCP, TLS, HTTP and WebSocket he stops.
 */
export class Strangers {
  readonly #options: StrangersOptions;
  readonly #bySocket = new Map<string, Stranger>();
  readonly #byNeighbourhood = new Map<string, number>();

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#bySocket.size;
  }

  /** Takes in a socket that was just accepted, or cuts it off when there are too many. */
  admit(socket: Socket): void {
    // Gone again before it was looked at: nobody is there, and no close will come.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const address = parseNetwork(socket.remoteAddress);
    const neighbourhood = address === undefined ? 'unknown' : neighbourhoodOf(address);
    const here = this.#byNeighbourhood.get(neighbourhood) ?? 0;
    if (this.count >= limits.strangersMax || here >= limits.strangersPerAddressMax) {
      this.#options.onTurnedAway(address, 'too many connections without a login');
      socket.destroy();
      return;
    }
    this.#byNeighbourhood.set(neighbourhood, here + 1);
    const stranger = this.#makeStranger(socket, address, neighbourhood);
    this.#bySocket.set(keyOf(socket), stranger);
    socket.once('close', stranger.leave);
  }

  /** The stranger behind a socket, also where TLS is wrapped around it. */
  of(socket: Socket): Stranger | undefined {
    return this.#bySocket.get(keyOf(socket));
  }

  /** Ends all of them. */
  endAll(reason: string): void {
    for (const stranger of [...this.#bySocket.values()]) stranger.end(reason);
  }

  #makeStranger(socket: Socket, address: Network | undefined, neighbourhood: string): Stranger {
    const { clock, onTurnedAway } = this.#options;
    const key = keyOf(socket);
    const cancel = clock.after(limits.loginMaxMs, () => {
      const reason = `no login in ${limits.loginMaxMs} ms`;
      onTurnedAway(address, reason);
      stranger.end(reason);
    });
    const stranger: Stranger = {
      address,
      end: () => socket.destroy(),
      leave: () => {
        cancel();
        if (this.#bySocket.delete(key)) this.#leave(neighbourhood);
      },
    };
    return stranger;
  }

  #leave(neighbourhood: string): void {
    const left = (this.#byNeighbourhood.get(neighbourhood) ?? 1) - 1;
    if (left === 0) this.#byNeighbourhood.delete(neighbourhood);
    else this.#byNeighbourhood.set(neighbourhood, left);
  }
}

/** Unique while the connection stands, and the same for a TLS socket and the one that it is made from. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** One host has a whole IPv6 /64 to itself. */
function neighbourhoodOf(address: Network): Network {
  return familyOf(address) === 4 ? address : networkFrom(6, rangeOf(address).first, 64);
}
