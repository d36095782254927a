import type { Network } from '../../shared/network.ts';
import type { EscalationSettings, Step } from './escalation-settings.ts';
import { NeighbourCounts, neighbourhoodOf } from './neighbour-counts.ts';
import type { Observation } from './offence.ts';
import { RepeatCounts } from './repeat-counts.ts';

/** The jails of escalation's own reports: for one network again and again, and for many addresses of one. */
export const escalationJails = ['repeat', 'neighbours'] as const;
export type EscalationJail = (typeof escalationJails)[number];

/** What an offence leads to. */
export interface Consequence {
  readonly jail: EscalationJail;
  readonly network: Network;
  /** Whose offence led to it. */
  readonly client: string;
  readonly at: number;
  /** From `at` on; Infinity is permanent. */
  readonly forMs: number;
}

/** Offences that each of the two rules keeps in memory: of the networks that offended last, at least half as many. */
export const offencesKeptMax = 100_000;

type Offence = Omit<Observation, 'kind'>;

/** Counts offences, and says which of them lead to more than the ban that the host asked for. Keeps nothing on disk. */
export class EscalationRules {
  readonly #settings: EscalationSettings;
  readonly #repeats: RepeatCounts;
  readonly #neighbours: NeighbourCounts;

  constructor(settings: EscalationSettings, keptMax = offencesKeptMax) {
    const { withinMs, steps, neighbours } = settings;
    this.#settings = settings;
    this.#repeats = new RepeatCounts({ withinMs, countMax: steps.at(-1)?.count ?? 1, keptMax });
    const { withinMs: near, hosts: countMax } = neighbours ?? { withinMs: 0, hosts: 1 };
    this.#neighbours = new NeighbourCounts({ withinMs: near, countMax, keptMax });
  }

  /** How far back anything counts. */
  get longestMs(): number {
    return Math.max(this.#settings.withinMs, this.#settings.neighbours?.withinMs ?? 0);
  }

  /** Offences that are kept, and how many networks offended. */
  get kept(): { readonly offences: number; readonly networks: number; readonly neighbours: number } {
    return { offences: this.#repeats.size, networks: this.#repeats.networks, neighbours: this.#neighbours.size };
  }

  /** Takes in what happened. @returns what follows from it: mostly nothing */
  take({ kind, network, client, at }: Observation): readonly Consequence[] {
    if (kind === 'pardon') {
      this.forget(network, at);
      return none;
    }
    const repeat = this.#countRepeat({ network, client, at });
    const neighbours = this.#countNeighbours({ network, client, at });
    if (repeat === undefined && neighbours === undefined) return none;
    return [repeat, neighbours].filter((consequence) => consequence !== undefined);
  }

  /** What a network did counts no longer, neither for itself nor for its neighbourhood. */
  forget(network: Network, at: number): void {
    this.#repeats.forget(network);
    this.#neighbours.forget(network);
    const neighbourhood = neighbourhoodOf(network);
    if (neighbourhood !== undefined) this.#neighbours.forgetAddress(neighbourhood, network, at);
  }

  #countRepeat({ network, client, at }: Offence): Consequence | undefined {
    const { steps } = this.#settings;
    if (steps.length === 0) return undefined;
    const count = this.#repeats.add(network, at);
    const step = stepFor(steps, count);
    return step && { jail: 'repeat', network, client, at, forMs: step.forMs };
  }

  #countNeighbours({ network: address, client, at }: Offence): Consequence | undefined {
    const { neighbours } = this.#settings;
    const network = neighbours && neighbourhoodOf(address);
    if (neighbours === undefined || network === undefined) return undefined;
    if (this.#neighbours.add(network, address, at) < neighbours.hosts) return undefined;
    return { jail: 'neighbours', network, client, at, forMs: neighbours.forMs };
  }
}

const none: readonly Consequence[] = [];

/** The highest step that is reached. */
function stepFor(steps: readonly Step[], count: number): Step | undefined {
  let reached: Step | undefined;
  for (const step of steps) {
    if (step.count > count) break;
    reached = step;
  }
  return reached;
}
