import type { Socket } from 'node:net';
import type { Clock } from '../shared/clock.ts';
import { limits } from '../shared/limits.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import { FairPlaces } from './transport/fair-places.ts';
import { neighbourhoodOf } from './transport/neighbourhood.ts';

/** A connection that has not logged in. */
export interface Stranger {
  readonly address: Network | undefined;
  /** How it ends when its time is over: its socket is cut, unless something gentler is set. */
  end: (reason: string) => void;
  /** Ends it without a word. */
  readonly cut: () => void;
  /** It has logged in: it counts no longer and has no deadline. */
  readonly leave: () => void;
}

export interface StrangersOptions {
  readonly clock: Clock;
  /** Whether a host is known by this address: it logged in from there, lately. */
  readonly isKnown: (address: Network) => boolean;
  /** Told of each that is cut off or sent away. */
  readonly onTurnedAway: (address: Network | undefined, reason: string) => void;
}

/**
 * Connections from their first packet to their login: few, for a short time, and few from one place, so that nobody
 * without a key can use up the server, at whichever of TCP, TLS, HTTP and WebSocket he stops. Addresses by which hosts are
 * known have places and time of their own: a thousand hosts come back at once, also while strangers hold all places.
 */
export class Strangers {
  readonly #options: StrangersOptions;
  readonly #bySocket = new Map<string, Stranger>();
  readonly #known = new FairPlaces<Stranger>({ all: limits.strangersKnownMax, each: limits.strangersKnownMax });
  /** Ends the wait for the login of each. */
  readonly #deadlines = new Map<Stranger, () => void>();
  readonly #others = new FairPlaces<Stranger>({ all: limits.strangersMax, each: limits.strangersPerAddressMax });

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
    const isKnown = address !== undefined && this.#options.isKnown(address);
    const places = isKnown ? this.#known : this.#others;
    const neighbourhood = neighbourhoodOf(address);
    const stranger = this.#makeStranger(socket, address, (left) => places.leave(neighbourhood, left));
    const placed = places.take(neighbourhood, stranger);
    if (placed.kind === 'instead-of') this.#turnAway(placed.other);
    if (placed.kind === 'full') {
      this.#options.onTurnedAway(address, tooMany);
      socket.destroy();
      return;
    }
    this.#bySocket.set(keyOf(socket), stranger);
    this.#watch(stranger, isKnown ? limits.loginKnownMaxMs : limits.loginMaxMs);
    socket.once('close', () => stranger.leave());
  }

  /** The stranger behind a socket, also where TLS is wrapped around it. */
  of(socket: Socket): Stranger | undefined {
    return this.#bySocket.get(keyOf(socket));
  }

  /** Ends all of them. */
  endAll(reason: string): void {
    for (const stranger of [...this.#bySocket.values()]) stranger.end(reason);
  }

  #makeStranger(socket: Socket, address: Network | undefined, onLeave: (stranger: Stranger) => void): Stranger {
    const key = keyOf(socket);
    const stranger: Stranger = {
      address,
      end: () => socket.destroy(),
      cut: () => socket.destroy(),
      leave: () => {
        this.#deadlines.get(stranger)?.();
        this.#deadlines.delete(stranger);
        if (this.#bySocket.get(key) === stranger) this.#bySocket.delete(key);
        onLeave(stranger);
      },
    };
    return stranger;
  }

  #watch(stranger: Stranger, mostMs: number): void {
    const cancel = this.#options.clock.after(mostMs, () => {
      const reason = `no login in ${mostMs} ms`;
      this.#options.onTurnedAway(stranger.address, reason);
      stranger.end(reason);
    });
    this.#deadlines.set(stranger, cancel);
  }

  /** At once: whoever takes the place is there already. */
  #turnAway(stranger: Stranger): void {
    this.#options.onTurnedAway(stranger.address, tooMany);
    stranger.leave();
    stranger.cut();
  }
}

const tooMany = 'too many connections without a login';

/** Unique while the connection stands, and the same for a TLS socket and the one that it is made from. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
