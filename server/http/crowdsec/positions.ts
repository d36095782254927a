import { Serial } from '../../../shared/serial.ts';
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
  /** What the bouncer was told; undefined for nothing. */
  readonly base: Position | undefined;
  /** What left since, over a connection that broke: it may have arrived. */
  readonly maybe: LivePosition | undefined;
  /** The answer has left in full. @param isEmpty it told of nothing */
  readonly left: (position: LivePosition, isEmpty: boolean) => void;
  /** Its connection broke before it was asked again. */
  readonly broke: (position: LivePosition) => void;
}

interface Known {
  /** Since when the client is enrolled: another of its name was told nothing. */
  readonly addedAt: number;
  readonly turns: Serial;
  told: Position | undefined;
  /** What left over connections that broke, and what was told for sure before. */
  doubt: { readonly base: Position | undefined; readonly maybe: LivePosition } | undefined;
  /** Sequence number that the ledger has: 0 for none, undefined until it is asked. */
  noted: number | undefined;
  /** Something was told after it. */
  isWorthNoting: boolean;
}

/**
 * How far each bouncer was told. Who asks has what was answered before, over whatever connection: many connect anew for each
 * question, and their programs take an answer once. Only where the connection breaks behind an answer, this one is told
 * again with what came since. The ledger keeps a position that is at most as far, so that also after a restart nothing is
 * left untold.
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
   * Makes answers to one client after the other: those that are asked for at once each tell all since what was told before.
   *
   * @param sequence of what stands, read when it is this one's turn
   */
  async answer<Answer>(client: Client, sequence: () => number, make: (turn: Turn) => Promise<Answer>): Promise<Answer> {
    const known = this.#known.get(client.name) ?? this.#forget(client);
    const current = known.addedAt === client.addedAt ? known : this.#forget(client);
    return await current.turns.inTurn(async () => {
      await this.#prepare(current, client, sequence());
      return await make(turnOf(current));
    });
  }

  #forget({ name, addedAt }: Client): Known {
    for (const other of this.#known.keys()) if (this.#clients.get(other) === undefined) this.#known.delete(other);
    const known: Known = {
      addedAt,
      turns: new Serial(),
      told: undefined,
      doubt: undefined,
      noted: undefined,
      isWorthNoting: false,
    };
    this.#known.set(name, known);
    return known;
  }

  async #prepare(known: Known, client: Client, sequence: number): Promise<void> {
    known.noted ??= await this.#recall(known, client);
    const sure = known.doubt === undefined ? known.told : known.doubt.base;
    const reached = known.told === undefined ? sequence : (sure?.sequence ?? 0);
    // At first before anything is told: else a restart would leave in force what ends after it.
    const isDue = known.noted === 0 || known.isWorthNoting || reached - known.noted >= unnotedMax;
    if (isDue && reached > known.noted) await this.#note(known, client, reached);
  }

  async #recall(known: Known, { name }: Client): Promise<number> {
    const sequence = await this.#record.read((draft) => draft.numberOf(name, stream), { client: name, cost: 1 });
    if (sequence > 0) known.told = { kind: 'recorded', sequence };
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

function turnOf(known: Known): Turn {
  const base = known.doubt === undefined ? known.told : known.doubt.base;
  return {
    base,
    maybe: known.doubt?.maybe,
    left: (position, isEmpty) => {
      if (rankOf(position) >= rankOf(known.told)) known.told = position;
      known.isWorthNoting ||= !isEmpty;
      // What was in doubt has left once more with this.
      if (known.doubt !== undefined && rankOf(base) <= rankOf(known.doubt.base)) known.doubt = undefined;
    },
    broke: (position) => {
      const { told, doubt } = known;
      const isOlder = doubt !== undefined && rankOf(doubt.base) <= rankOf(base);
      const isOvertaken = told?.kind === 'live' && told.sequence >= position.sequence;
      known.doubt = { base: isOlder ? doubt.base : base, maybe: isOvertaken ? told : position };
    },
  };
}

function rankOf(position: Position | undefined): number {
  return position?.sequence ?? -1;
}
