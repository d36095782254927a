import type { Clients } from '../../clients.ts';
import type { Draft } from '../../draft.ts';
import { type Client, LedgerError } from '../../ledger/ledger.ts';
import type { Record } from '../../record.ts';
import type { LivePosition, Position } from './position.ts';

/** Under which the ledger keeps how far a client's bouncer was told. */
const stream = 'crowdsec-bouncer';
/** Changes that are of no concern to a bouncer and then are noted all the same, so that a restart has not to read them. */
export const unnotedMax = 1_000;

/** An answer on its way to a bouncer. */
export interface Turn {
  /** What the bouncer was told for sure; undefined for nothing. */
  readonly base: Position | undefined;
  /** What it was told since, if that arrived. */
  readonly maybe: LivePosition | undefined;
  /** @param position where the bouncer stands with this answer, or undefined when it did not leave in full */
  readonly end: (position: LivePosition | undefined, isEmpty: boolean) => void;
}

interface Known {
  /** Since when the client is enrolled: another of its name was told nothing. */
  readonly addedAt: number;
  isAnswering: boolean;
  confirmed: Position | undefined;
  /** What left last, and by which connection. */
  unconfirmed: { readonly position: LivePosition; readonly connection: WeakRef<object> } | undefined;
  /** Sequence number that the ledger has: 0 for none, undefined until it is asked. */
  noted: number | undefined;
  /** Something was told after it. */
  isWorthNoting: boolean;
}

/**
 * How far each bouncer was told. An answer that has left may still be lost; that it arrived shows only when the same
 * connection asks again, as bouncers do that keep theirs. Over another connection it is told once more, with what came
 * since. The ledger keeps a position that is at most as far, so that also after a restart nothing is left untold.
 */
export class Positions {
  readonly #clients: Clients;
  readonly #record: Record;
  /** As many as clients that ask, a few numbers each. */
  readonly #known = new Map<string, Known>();

  constructor(clients: Clients, record: Record) {
    this.#clients = clients;
    this.#record = record;
  }

  /**
   * @param sequence of what stands now
   * @returns undefined while another answer to this client is on its way: it may be large, and its reader slow
   */
  async begin(client: Client, connection: object, sequence: number): Promise<Turn | undefined> {
    const known = this.#known.get(client.name) ?? this.#forget(client);
    const current = known.addedAt === client.addedAt ? known : this.#forget(client);
    if (current.isAnswering) return undefined;
    current.isAnswering = true;
    try {
      await this.#prepare(current, client, { connection, sequence });
    } catch (error) {
      current.isAnswering = false;
      throw error;
    }
    return {
      base: current.confirmed,
      maybe: current.unconfirmed?.position,
      end: (position, isEmpty) => {
        current.isAnswering = false;
        if (position !== undefined) noteLeft(current, position, { connection, isEmpty });
      },
    };
  }

  #forget({ name, addedAt }: Client): Known {
    for (const other of this.#known.keys()) if (this.#clients.get(other) === undefined) this.#known.delete(other);
    const known: Known = {
      addedAt,
      isAnswering: false,
      confirmed: undefined,
      unconfirmed: undefined,
      noted: undefined,
      isWorthNoting: false,
    };
    this.#known.set(name, known);
    return known;
  }

  async #prepare(
    known: Known,
    client: Client,
    { connection, sequence }: { readonly connection: object; readonly sequence: number },
  ): Promise<void> {
    known.noted ??= await this.#recall(known, client);
    if (known.unconfirmed?.connection.deref() === connection) confirm(known);
    const reached = known.confirmed?.sequence ?? known.unconfirmed?.position.sequence ?? sequence;
    // At first before anything is told: else a restart would leave in force what ends after it.
    const isDue = known.noted === 0 || known.isWorthNoting || reached - known.noted >= unnotedMax;
    if (isDue && reached > known.noted) await this.#note(known, client, reached);
  }

  async #recall(known: Known, { name }: Client): Promise<number> {
    const sequence = await this.#record.read((draft) => draft.numberOf(name, stream), { client: name, cost: 1 });
    if (sequence > 0) known.confirmed = { kind: 'recorded', sequence };
    return sequence;
  }

  /** Where it cannot be written, a restart will tell more than is needed. */
  async #note(known: Known, { name }: Client, sequence: number): Promise<void> {
    try {
      const advance = (draft: Draft): void => {
        if (this.#clients.get(name) !== undefined && !draft.revokes(name)) draft.advance(name, stream, sequence);
      };
      await this.#record.write(advance, { client: name, cost: 1 });
      known.noted = sequence;
      known.isWorthNoting = false;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
  }
}

/** An answer has left in full. */
function noteLeft(
  known: Known,
  position: LivePosition,
  { connection, isEmpty }: { readonly connection: object; readonly isEmpty: boolean },
): void {
  // What left before over another connection has now left twice.
  if (known.unconfirmed !== undefined) confirm(known);
  if (isEmpty) known.confirmed = position;
  else known.unconfirmed = { position, connection: new WeakRef(connection) };
}

function confirm(known: Known): void {
  known.confirmed = known.unconfirmed?.position;
  known.unconfirmed = undefined;
  known.isWorthNoting = true;
}
