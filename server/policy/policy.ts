import { limits } from '../../shared/limits.ts';
import { embeddedIpv4, findAmong } from '../../shared/network/embedded-ipv4.ts';
import { type Family, familyOf, type Network, prefixLengthOf } from '../../shared/network.ts';
import { plural } from '../../shared/plural.ts';
import type { Refusal } from '../../shared/refusal.ts';
import { privateNetworks, specialPurpose } from '../../shared/special-networks.ts';
import type { Client } from '../ledger/ledger.ts';
import { operator } from '../own-clients.ts';
import { type AllowedInfrastructure, Infrastructure, noInfrastructure } from './infrastructure.ts';
import { type Attempt, refuseWithoutPermission } from './permission.ts';
import type { ProtectedAddresses } from './protected-addresses.ts';
import type { Whitelist } from './whitelist.ts';

/** What the configuration says of bans. */
export interface PolicySettings {
  readonly allowPrivate: boolean;
  /** The shortest prefix that may be banned, by family. */
  readonly widest: Readonly<Record<Family, number>>;
  /** Shared infrastructure that may be banned. Absent: none. */
  readonly infrastructure?: AllowedInfrastructure;
  /** Reports that one client may hold. */
  readonly reportsPerClientMax: number;
}

/** What a client would hold with one report more. */
export interface Holding {
  readonly reports: number;
  /** How many jails these reports are of. */
  readonly jails: number;
}

type AddressCheck = (network: Network) => Refusal | undefined;

/**
 * Decides whether a ban may be. The same checks run before the ledger and, for the address, again before each call to a
 * firewall.
 */
export class Policy {
  readonly #whitelist: Whitelist;
  readonly #protected: ProtectedAddresses;
  #settings: PolicySettings;
  #infrastructure: Infrastructure;

  readonly #kindChecks: readonly AddressCheck[] = [
    (network) => this.#refuseSpecial(network),
    (network) => this.#refusePrivate(network),
    (network) => this.#refuseWide(network),
  ];
  /** In DESIGN's order: cheapest and most general first, the operator's own word before what is found out. */
  readonly #addressChecks: readonly AddressCheck[] = [
    ...this.#kindChecks,
    (network) => this.#refuseWhitelisted(network),
    (network) => this.#refuseProtected(network),
    (network) => this.#refuseInfrastructure(network),
  ];

  constructor(settings: PolicySettings, whitelist: Whitelist, protectedAddresses: ProtectedAddresses) {
    this.#settings = settings;
    this.#infrastructure = new Infrastructure(settings.infrastructure ?? noInfrastructure);
    this.#whitelist = whitelist;
    this.#protected = protectedAddresses;
  }

  get settings(): PolicySettings {
    return this.#settings;
  }

  /** The configuration was read again. */
  configure(settings: PolicySettings): void {
    this.#settings = settings;
    this.#infrastructure = new Infrastructure(settings.infrastructure ?? noInfrastructure);
  }

  /** Why this client's event may not take effect, or undefined when it may. */
  refuse(event: Attempt, client: Client, holding: Holding): Refusal | undefined {
    return (
      refuseWithoutPermission(event, client) ??
      (event.verb === 'ban' ? (this.refuseAddress(event.network) ?? this.#refuseOverQuota(client, holding)) : undefined)
    );
  }

  /** Why this network may not be blocked, whoever asks. Looks through translations to the IPv4 addresses inside. */
  refuseAddress(network: Network): Refusal | undefined {
    return firstRefusal(network, this.#addressChecks);
  }

  /** Why no ban of this network can be, whatever is whitelisted or protected: `special-purpose`, `private` or `too-wide`. */
  refuseKind(network: Network): Refusal | undefined {
    return firstRefusal(network, this.#kindChecks);
  }

  #refuseSpecial(network: Network): Refusal | undefined {
    const found = specialPurpose.overlapping(network);
    return found && refusal('special-purpose', `${network} overlaps ${found}, which no attacker can have`);
  }

  #refusePrivate(network: Network): Refusal | undefined {
    const found = this.#settings.allowPrivate ? undefined : privateNetworks.overlapping(network);
    return (
      found && refusal('private', `${network} overlaps the private network ${found}; [policy] private = yes allows it`)
    );
  }

  #refuseWide(network: Network): Refusal | undefined {
    const widest = this.#settings.widest[familyOf(network)];
    if (prefixLengthOf(network) >= widest) return undefined;
    return refusal(
      'too-wide',
      `${network} is wider than /${widest}, the limit of [policy] widest_ipv${familyOf(network)}`,
    );
  }

  #refuseWhitelisted(network: Network): Refusal | undefined {
    const found = this.#whitelist.overlapping(network);
    if (found === undefined) return undefined;
    const where = this.#whitelist.whereabouts(found);
    return refusal('whitelisted', `${network} overlaps ${found}, which is whitelisted ${where}`);
  }

  #refuseProtected(network: Network): Refusal | undefined {
    const found = this.#protected.overlapping(network);
    return found && refusal('protected', `${network} overlaps ${found.network}, ${found.reason}`);
  }

  #refuseInfrastructure(network: Network): Refusal | undefined {
    const found = this.#infrastructure.overlapping(network);
    if (found === undefined) return undefined;
    const { operator: whose, kind } = found;
    const what = `${network} overlaps ${found.network} of ${whose}, a ${kind} that very many share`;
    return refusal('infrastructure', `${what}; [policy] infrastructure = allow ${whose} takes bans of it`);
  }

  #refuseOverQuota({ name }: Client, { reports, jails }: Holding): Refusal | undefined {
    // The operator's commands come one by one, and who may give them may raise the limit too.
    if (name === operator) return undefined;
    const most = this.#settings.reportsPerClientMax;
    if (reports > most) {
      return refusal(
        'quota-exceeded',
        `${name} holds ${plural(reports - 1, 'report')}; [policy] reports_per_client = ${most}`,
      );
    }
    // Else one network could have as many reports as the client may hold, each looked at with every change of it.
    if (jails <= limits.jailsPerClientMax) return undefined;
    return refusal(
      'quota-exceeded',
      `${name} holds reports of ${plural(jails - 1, 'jail')}, the most that a client may have`,
    );
  }
}

function firstRefusal(network: Network, checks: readonly AddressCheck[]): Refusal | undefined {
  const inside = embeddedIpv4(network);
  for (const check of checks) {
    const refusal = check(network) ?? findAmong(inside, check);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function refusal(code: Refusal['code'], detail: string): Refusal {
  return { code, detail };
}
