import { type Network, parseNetwork } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';
import { remembered } from '../remembered.ts';
import { cdnsAndLoadBalancers, type SharedInfrastructure } from './infrastructure-networks.ts';
import { publicResolvers } from './public-resolvers.ts';

/** Operators of shared infrastructure whose networks may be banned: all, or those of these names. */
export type AllowedInfrastructure = 'all' | ReadonlySet<string>;

/** All that is known, as their operators publish it. */
export const sharedInfrastructure: readonly SharedInfrastructure[] = [...cdnsAndLoadBalancers, ...publicResolvers];

export const noInfrastructure: AllowedInfrastructure = new Set();

export const infrastructureOperators: readonly string[] = sharedInfrastructure.map(({ operator }) => operator);

/** A network of shared infrastructure, with whose it is. */
export interface InfrastructureNetwork {
  readonly network: Network;
  readonly operator: string;
  readonly kind: SharedInfrastructure['kind'];
}

/** Finds shared infrastructure in or around a network. */
export class Infrastructure {
  readonly #owners = new Map<Network, SharedInfrastructure>();
  readonly #index: NetworkIndex;

  /** @param allowed operators of which nothing is found */
  constructor(allowed: AllowedInfrastructure) {
    for (const each of sharedInfrastructure) {
      if (allowed === 'all' || allowed.has(each.operator)) continue;
      for (const network of networksOf(each)) this.#owners.set(network, each);
    }
    this.#index = new NetworkIndex(this.#owners.keys());
  }

  overlapping(network: Network): InfrastructureNetwork | undefined {
    const found = this.#index.overlapping(network);
    const owner = found && this.#owners.get(found);
    return found && owner && { network: found, operator: owner.operator, kind: owner.kind };
  }
}

/** Read once: there are many, and each reading of the configuration needs them. */
const networksOf = remembered(({ networks }: SharedInfrastructure) =>
  networks
    .trim()
    .split(/\s+/)
    .flatMap((text) => parseNetwork(text) ?? []),
);

export const infrastructureAllowed = `refuse, allow, or allow with names of: ${infrastructureOperators.join(', ')}`;

/** Reads `refuse`, `allow`, `allow cloudflare, quad9`. @returns undefined when the text is none of these */
export function parseInfrastructure(text: string): AllowedInfrastructure | undefined {
  const [verb, ...names] = text.toLowerCase().split(/[\s,]+/);
  if (verb === 'refuse') return names.length === 0 ? noInfrastructure : undefined;
  if (verb !== 'allow') return undefined;
  if (names.length === 0) return 'all';
  return names.every((name) => infrastructureOperators.includes(name)) ? new Set(names) : undefined;
}
