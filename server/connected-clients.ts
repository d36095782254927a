import { closeCodes } from '../shared/close-code.ts';
import type { HostEnforcer } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import type { Clients } from './clients.ts';
import type { Change, Client } from './ledger/ledger.ts';
import type { Session } from './session.ts';
import { chooseLeaving } from './transport/choose-leaving.ts';

/** A logged-in connection. Instants are milliseconds since the epoch. */
export interface Connected {
  readonly session: Session;
  readonly client: string;
  readonly keyId: string;
  readonly agent: string;
  readonly address: Network | undefined;
  readonly since: number;
  /** What of others' bans it blocks itself, as it said last. */
  readonly enforcers?: readonly HostEnforcer[];
}

/** A login with a good key from where its client is not bound to. */
export interface Elsewhere {
  readonly address: Network | undefined;
  readonly at: number;
}

/** Who is connected now. */
export class ConnectedClients {
  readonly #connected = new Map<Session, Connected>();
  readonly #lastSeen = new Map<string, number>();
  readonly #elsewhere = new Map<string, Elsewhere>();

  /** Ends another connection of a client that has all that it may. @returns that one */
  add(connected: Connected): Connected | undefined {
    const { client, address } = connected;
    const others = this.list().filter((each) => each.client === client);
    const leaving = others.length < limits.connectionsPerClientMax ? undefined : chooseLeaving(others, address);
    if (leaving !== undefined) {
      this.#connected.delete(leaving.session);
      leaving.session.close(closeCodes.tooMany, 'a newer connection of this client took its place');
    }
    this.#connected.set(connected.session, connected);
    this.#lastSeen.set(client, connected.since);
    return leaving;
  }

  /** @returns who it was, when it was connected */
  remove(session: Session, now: number): Connected | undefined {
    const connected = this.#connected.get(session);
    if (connected === undefined) return undefined;
    this.#connected.delete(session);
    // One that was revoked is forgotten, though its connection ends only now.
    if (this.#lastSeen.has(connected.client)) this.#lastSeen.set(connected.client, now);
    return connected;
  }

  /** A client that keeps no connection, but asks by HTTP, was here. */
  noteSeen(client: string, now: number): void {
    this.#lastSeen.set(client, now);
  }

  /** A client proved itself, but is bound to other networks. */
  noteElsewhere(client: string, address: Network | undefined, now: number): void {
    this.#elsewhere.set(client, { address, at: now });
  }

  /** The last login of a client from where it is not bound to, since the start. */
  elsewhere(client: string): Elsewhere | undefined {
    return this.#elsewhere.get(client);
  }

  /** How the enforcers of a connected host stand, as it says. */
  noteEnforcers(session: Session, enforcers: readonly HostEnforcer[]): void {
    const connected = this.#connected.get(session);
    if (connected !== undefined) this.#connected.set(session, { ...connected, enforcers });
  }

  list(): Connected[] {
    return [...this.#connected.values()];
  }

  /** When a client was last connected, or asked by HTTP, since the start, or undefined. */
  lastSeen(client: string): number | undefined {
    return this.#lastSeen.get(client);
  }

  /** A revoked client or key is sent away at once; one with new permissions comes back at once and gets them. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'revoked') this.#forget(change.client);
      if (change.kind === 'enrolled') this.#sendAway(change.client.name, change.client);
    }
  }

  /** A key that has ended, as the old one does some time after a rotation, ends its connections too. */
  sendAwayEnded(clients: Clients, now: number): void {
    for (const { session, client, keyId } of this.#connected.values()) {
      const key = clients.get(client)?.keys.find(({ id }) => id === keyId);
      if (key === undefined || key.endsAt <= now) session.close(closeCodes.revoked, 'this key has ended');
    }
  }

  #forget(name: string): void {
    this.#sendAway(name, undefined);
    this.#lastSeen.delete(name);
    this.#elsewhere.delete(name);
  }

  #sendAway(name: string, client: Client | undefined): void {
    for (const { session, keyId } of this.list().filter((connected) => connected.client === name)) {
      const isKeyGood = client?.keys.some(({ id }) => id === keyId) === true;
      if (!isKeyGood) session.close(closeCodes.revoked, 'this client or key was revoked');
      else if (!hasSameRights(client, session.who?.client))
        session.close(closeCodes.goingAway, 'the permissions of this client changed');
    }
  }
}

function hasSameRights(a: Client | undefined, b: Client | undefined): boolean {
  return (
    a?.may.join() === b?.may.join() &&
    a?.jails.join() === b?.jails.join() &&
    a?.follows.join() === b?.follows.join() &&
    a?.from.join() === b?.from.join()
  );
}
