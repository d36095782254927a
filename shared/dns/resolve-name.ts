import { Resolver } from 'node:dns/promises';
import { codeOf } from '../errors.ts';
import { addressesOfHost } from '../host/hosts-file.ts';
import { type Family, type Network, parseNetwork } from '../network.ts';
import { specialPurpose } from '../special-networks.ts';
import type { DnsName } from './dns-name.ts';

/**
 * What was said of one family of addresses of a name.
 *
 * - `addresses`: one or more
 * - `none`: whoever is responsible says that there are none, or no such name
 * - `unanswered`: nobody said anything that can be relied on, for this reason
 */
export type FamilyAnswer =
  | { readonly kind: 'addresses'; readonly networks: readonly Network[]; readonly ttlSeconds: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'unanswered'; readonly reason: string };

export type NameAnswer = Readonly<Record<Family, FamilyAnswer>>;

/** Asks what a name means now. Never rejects: no answer is one of the answers. */
export type ResolveName = (name: DnsName, signal: AbortSignal) => Promise<NameAnswer>;

/** Addresses of one family that a name may have. An answer with more is not believed. */
export const addressesOfNameMax = 32;

const [timeoutMs, tries] = [3_000, 2];
/** An entry of /etc/hosts has no TTL; it is read again with each look. */
const hostsTtlSeconds = 60;
/** c-ares: no such name, and a name without such records. */
const noneCodes: readonly string[] = ['ENOTFOUND', 'ENODATA'];

export interface ResolverOptions {
  /** Resolvers to ask, as `192.0.2.53` or `[2001:db8::53]:5353`. Undefined: those of the host. */
  readonly servers?: readonly string[] | undefined;
  /** The host's table of names. */
  readonly hostsFile?: string;
}

/**
 * Makes a resolver that looks into /etc/hosts first, as `hosts: files dns` of nsswitch.conf(5) does, and then asks DNS, which
 * alone knows a TTL. CNAMEs are followed by the resolvers; the shortest TTL on the way counts.
 */
export function nameResolver({ servers, hostsFile = '/etc/hosts' }: ResolverOptions = {}): ResolveName {
  return async (name, signal) => {
    // Where the file cannot be read, DNS is asked as if it were empty, as libc does.
    const listed = await addressesOfHost(name, hostsFile).catch(() => []);
    if (listed.length > 0) return { 4: fromHosts(listed, 4), 6: fromHosts(listed, 6) };
    // A new one each time: a resolver reads resolv.conf when it is made.
    const resolver = new Resolver({ timeout: timeoutMs, tries });
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      if (servers !== undefined) resolver.setServers(servers);
      const [four, six] = await Promise.all([
        answerOf(resolver.resolve4(name, { ttl: true })),
        answerOf(resolver.resolve6(name, { ttl: true })),
      ]);
      return { 4: four, 6: six };
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

async function answerOf(records: Promise<readonly AddressRecord[]>): Promise<FamilyAnswer> {
  try {
    return judge(await records);
  } catch (error) {
    const code = codeOf(error) ?? 'an unknown error';
    return noneCodes.includes(code) ? { kind: 'none' } : { kind: 'unanswered', reason: code };
  }
}

/** A resolver that lies (a sinkhole's 0.0.0.0) or a name with thousands of addresses says nothing that counts. */
function judge(records: readonly AddressRecord[]): FamilyAnswer {
  // Through a CNAME to a name without such records.
  if (records.length === 0) return { kind: 'none' };
  const networks = usable(records.map(({ address }) => address));
  if (networks.length === 0) return { kind: 'unanswered', reason: 'only addresses that no other host can have' };
  if (networks.length > addressesOfNameMax)
    return { kind: 'unanswered', reason: `${networks.length} addresses, more than ${addressesOfNameMax}` };
  return { kind: 'addresses', networks, ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)) };
}

function fromHosts(addresses: readonly string[], family: Family): FamilyAnswer {
  const ofFamily = addresses.filter((address) => address.includes(':') === (family === 6));
  if (ofFamily.length === 0) return { kind: 'none' };
  return judge(ofFamily.map((address) => ({ address, ttl: hostsTtlSeconds })));
}

/** Sorted, so that an answer in another order is the same answer. */
function usable(addresses: readonly string[]): Network[] {
  const networks = addresses.map(parseNetwork).filter((network) => network !== undefined);
  return [...new Set(networks)].filter((network) => specialPurpose.overlapping(network) === undefined).sort();
}
