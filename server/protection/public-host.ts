import { parseDnsName } from '../../shared/dns/dns-name.ts';
import type { FamilyAnswer, ResolveName } from '../../shared/dns/resolve-name.ts';
import { hasCode } from '../../shared/errors.ts';
import { resolveHost } from '../../shared/host/resolve-host.ts';
import type { Network } from '../../shared/network.ts';
import type { ProtectedSource } from './protected-source.ts';

/**
 * Where hosts reach this server: the address that `public_host` is, or all that its name stands for. Looked up at each reading,
 * once a minute; the resolvers keep an answer for its TTL. Where one family gets no answer, or DNS knows no such name, what it was
 * stays.
 */
export function publicHostSource(host: string, resolve: ResolveName): ProtectedSource {
  let unanswered: readonly string[] = [];
  return {
    name: 'server/public-host',
    reason: `an address of ${host}, by which hosts reach this server`,
    unknown: () => unanswered,
    read: async (signal) => {
      const name = parseDnsName(host);
      if (name === undefined) return readHost(host);
      const answer = await resolve(name, signal);
      unanswered = [...missing(4, answer[4]), ...missing(6, answer[6])];
      if (unanswered.length === 2) throw new Error(`${host}: ${unanswered.join(', ')}`);
      const networks = [...networksOf(answer[4]), ...networksOf(answer[6])];
      // A provider's slip must not have the server's own address banned.
      return networks.length === 0 ? undefined : networks;
    },
  };
}

/** An address, or a name without a dot. Such a name may mean something to the hosts alone: that it is unknown here is an answer. */
async function readHost(host: string): Promise<readonly Network[] | undefined> {
  try {
    return await resolveHost(host);
  } catch (error) {
    if (hasCode(error, 'ENOTFOUND')) return undefined;
    throw error;
  }
}

function missing(family: 4 | 6, answer: FamilyAnswer): string[] {
  return answer.kind === 'unanswered' ? [`IPv${family} addresses (no answer: ${answer.reason})`] : [];
}

function networksOf(answer: FamilyAnswer): readonly Network[] {
  return answer.kind === 'addresses' ? answer.networks : [];
}
