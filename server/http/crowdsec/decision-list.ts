import type { Clock } from '../../../shared/clock.ts';
import { covers, type Network, parseNetwork } from '../../../shared/network.ts';
import { inTurns } from '../../in-turns.ts';
import type { Client } from '../../ledger/ledger.ts';
import type { Ban } from '../../standing-bans.ts';
import { writtenAnswer } from '../answer.ts';
import { type Arguments, type Parameter, parameter } from '../parameter.ts';
import type { Outcome } from '../route.ts';
import { audienceOf, type BlockerParts, blockerOf } from './blocker.ts';
import { standingDecision } from './decision.ts';
import { readFilter } from './decision-filter.ts';
import { DecisionText, decisionsPerTurn } from './decision-text.ts';

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
const limit = countParameter('limit', 'At most so many decisions; 0 or what is no number: all');
const offset = countParameter('offset', 'So many are left out first');

export const listParameters: readonly Parameter<unknown>[] = [ip, range, contains, value, type, limit, offset];

/** `GET /v1/decisions`: for bouncers that ask about each address when they see it. */
export class DecisionList {
  readonly #parts: BlockerParts & { readonly clock: Clock };

  constructor(parts: BlockerParts & { readonly clock: Clock }) {
    this.#parts = parts;
  }

  async answer(client: Client, query: Arguments): Promise<Outcome> {
    return { answer: writtenAnswer(await this.#written(client, query, this.#few(query) ?? this.#many(query))) };
  }

  /** Whether all that stands has to be looked at. */
  isLong(query: Arguments): boolean {
    return this.#few(query) === undefined;
  }

  /** Bans of which there are few and that are found at once; undefined when all have to be looked at. */
  #few(query: Arguments): readonly Ban[] | undefined {
    const { standing } = this.#parts;
    const network = query.get(ip) ?? query.get(range);
    const exactly = query.get(value);
    if (exactly !== undefined) return asList(parseNetwork(exactly)).flatMap((each) => standing.get(each) ?? []);
    if (network === undefined || query.get(contains) === false) return undefined;
    return standing.covering(network);
  }

  #many(query: Arguments): readonly Ban[] {
    const all = this.#parts.standing.list();
    const outer = query.get(ip) ?? query.get(range);
    return outer === undefined ? all : all.filter(({ network }) => covers(outer, network));
  }

  async #written(client: Client, query: Arguments, bans: readonly Ban[]): Promise<Buffer> {
    const now = this.#parts.clock.now();
    const isFor = audienceOf(client, readFilter(query));
    const text = new DecisionText();
    const isWanted = query.get(type) === undefined || query.get(type) === 'ban';
    const turns = { perTurn: decisionsPerTurn, soon: this.#parts.soon };
    let [omitted, left] = [query.get(offset) ?? 0, query.get(limit) || Number.POSITIVE_INFINITY];
    await inTurns(isWanted ? bans : [], turns, (some) => {
      for (const ban of some) {
        const blocker = left > 0 ? blockerOf(ban, this.#parts, { isFor, now }) : undefined;
        if (blocker === undefined) continue;
        if (omitted > 0) omitted -= 1;
        else {
          text.add(standingDecision(blocker, now));
          left -= 1;
        }
      }
    });
    return Buffer.concat([...text.end()]);
  }
}

/** As CrowdSec reads one: what is no number above 0 is none. */
function countParameter(name: string, description: string): Parameter<number> {
  const read = (text: string): number => (/^[0-9]{1,15}$/.test(text) ? Number(text) : 0);
  return { name, description, schema: { type: 'string' }, allowed: 'any text', read };
}

function asList(network: Network | undefined): readonly Network[] {
  return network === undefined ? [] : [network];
}
