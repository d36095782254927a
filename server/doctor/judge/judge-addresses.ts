import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import type { Network } from '../../../shared/network.ts';
import type { AddressFacts } from '../facts/read-addresses.ts';
import type { NameFacts } from '../facts/read-running-server.ts';

/**
 * Whether an administrator could be locked out.
 *
 * | a ban would be | a ban stands | |
 * | --- | --- | --- |
 * | refused | no | good |
 * | refused | yes | a warning: it was made before, and is kept out of the firewalls |
 * | accepted | no | a warning |
 * | accepted | yes | broken |
 */
export function judgeAddresses(addresses: readonly AddressFacts[]): readonly Said[] {
  return addresses.flatMap(({ network, what, refusal, bans }) => {
    if (bans.length > 0) return [banned(network, what, refusal, bans)];
    return refusal === undefined ? [unprotected(network, what)] : [];
  });
}

/** @param names DNS names on it, whose findings stand beside these */
export function judgeWhitelist(whitelist: readonly Network[], names: readonly NameFacts[]): readonly Said[] {
  const isEmpty = whitelist.length === 0;
  if (isEmpty && names.length > 0) return [];
  return [
    {
      level: 'note',
      code: isEmpty ? 'whitelist-empty' : 'whitelisted',
      fact: isEmpty ? 'the whitelist is empty' : `whitelisted: ${enumerate(whitelist)}`,
      consequence: isEmpty
        ? 'only addresses of this host, its gateways and resolvers, of cluster nodes, of enrolled hosts and of the ipset management are safe'
        : 'these are never banned, and neither is a network that contains one of them',
      command: isEmpty ? 'fail2networkban-server allow add NETWORK' : 'fail2networkban-server allow list',
    },
  ];
}

function banned(network: Network, what: string, refusal: string | undefined, bans: readonly Network[]): Said {
  const isEnforced = refusal === undefined;
  return {
    level: isEnforced ? 'broken' : 'warning',
    code: 'own-address-banned',
    fact: `${network}, ${what}, is banned by ${enumerate(bans)}`,
    consequence: isEnforced
      ? 'it is locked out, or soon will be'
      : `it is kept out of the firewalls (${refusal}), but comes back when that ends`,
    command: bans.map((ban) => `fail2networkban-server unban ${ban}`).join('; '),
  };
}

function unprotected(network: Network, what: string): Said {
  return {
    level: 'warning',
    code: 'own-address-unprotected',
    fact: `${network}, ${what}, is not whitelisted`,
    consequence: 'a host that bans it locks it out',
    command: `fail2networkban-server allow add ${network}`,
  };
}
