import type { Clock } from '../../../shared/clock.ts';
import { covers, type Network, parseNetwork } from '../../../shared/network.ts';
import type { Client } from '../../ledger/ledger.ts';
import { jsonAnswer } from '../answer.ts';
import { type Arguments, type Parameter, parameter } from '../parameter.ts';
import type { Outcome } from '../route.ts';
import { type Decision, standingDecision } from './decision.ts';
import { readFilter } from './decision-filter.ts';
import { audienceOf, blockerOf, type ToldParts } from './told.ts';

const ip = parameter.network('ip', 'Decisions that contain this address');
const range = parameter.network('range', 'Decisions that contain this CIDR');
const contains: Parameter<boolean> = {
  name: 'contains',
  description: 'false: decisions that lie in ip or range instead',
  schema: { type: 'string', enum: ['true', 'false'] },
  allowed: 'true, false',
  // As Go reads one (strconv.ParseBool).
  read: (text) => {
    if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
    return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
  },
};
const value = parameter.anything('value', 'The decision about exactly this address or CIDR');
const type = parameter.anything('type', 'Only ban finds anything');

export const listParameters: readonly Parameter<unknown>[] = [ip, range, contains, value, type];

/** `GET /v1/decisions`: for bouncers that ask about each address when they see it. */
export class DecisionList {
  readonly #parts: ToldParts & { readonly clock: Clock };
  /** Clients to whom a long answer is on its way. */
  readonly #busy = new Set<string>();

  constructor(parts: ToldParts & { readonly clock: Clock }) {
    this.#parts = parts;
  }

  answer(client: Client, query: Arguments): Outcome {
    const { name } = client;
    const few = this.#few(query);
    if (few !== undefined) return { answer: jsonAnswer(this.#decisions(client, query, few)) };
    if (this.#busy.has(name)) return { problem: { code: 'rate-limited', detail: 'one long answer at a time' } };
    this.#busy.add(name);
    const answer = jsonAnswer(this.#decisions(client, query, this.#many(query)));
    return { answer, onEnd: () => this.#busy.delete(name) };
  }

  /** Whether all that stands has to be looked at. */
  isLong(query: Arguments): boolean {
    return this.#few(query) === undefined;
  }

  /** Networks of which there are few and that are found at once; undefined when all have to be looked at. */
  #few(query: Arguments): readonly Network[] | undefined {
    const network = query.get(ip) ?? query.get(range);
    const exactly = query.get(value);
    if (exactly !== undefined) return asList(parseNetwork(exactly));
    if (network === undefined || query.get(contains) === false) return undefined;
    return this.#parts.standing.covering(network).map((ban) => ban.network);
  }

  *#many(query: Arguments): Generator<Network> {
    const outer = query.get(ip) ?? query.get(range);
    for (const { network } of this.#parts.standing.values())
      if (outer === undefined || covers(outer, network)) yield network;
  }

  #decisions(client: Client, query: Arguments, networks: Iterable<Network>): readonly Decision[] | null {
    const now = this.#parts.clock.now();
    const isFor = audienceOf(client, readFilter(query));
    const decisions: Decision[] = [];
    const isWanted = query.get(type) === undefined || query.get(type) === 'ban';
    for (const network of isWanted ? networks : []) {
      const blocker = blockerOf(network, this.#parts, { isFor, now });
      if (blocker !== undefined) decisions.push(standingDecision(blocker, now));
    }
    return decisions.length === 0 ? null : decisions;
  }
}

function asList(network: Network | undefined): readonly Network[] {
  return network === undefined ? [] : [network];
}
