import type { Client, Report, WhitelistEntry } from '../../server/ledger/ledger.ts';
import type { ResolveName } from '../../shared/dns/resolve-name.ts';
import type { BanEvent } from '../../shared/frames.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';

/** A network by any of its spellings. @throws when it is none */
export function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`${text} is not a network`);
  return parsed;
}

/** A permanent report of sshd at web1, with what a test wants otherwise. */
export function makeReport(text: string, rest: Partial<Omit<Report, 'network'>> = {}): Report {
  return {
    network: network(text),
    client: 'web1',
    jail: 'sshd',
    source: 'jail',
    reportedAt: 0,
    isLifted: false,
    labels: undefined,
    endsAt: Number.POSITIVE_INFINITY,
    ...rest,
  };
}

/** A whitelist entry without an end, with what a test wants otherwise. */
export function makeEntry(text: string, rest: Partial<Omit<WhitelistEntry, 'network'>> = {}): WhitelistEntry {
  return { network: network(text), addedAt: 0, endsAt: Number.POSITIVE_INFINITY, note: '', ...rest };
}

/** The id and secret of the key that {@link makeClient} gives. */
export const sampleKey = { id: 'key-0001', secret: Buffer.alloc(32, 7).toString('base64url') } as const;

/** An enrolled host that may ban and unban in every jail, with what a test wants otherwise. */
export function makeClient(rest: Partial<Client> = {}): Client {
  return {
    name: 'web1',
    may: ['ban', 'unban'],
    jails: ['*'],
    follows: ['*'],
    from: [],
    description: '',
    addedAt: 0,
    keys: [{ kind: 'frames', ...sampleKey, endsAt: Number.POSITIVE_INFINITY }],
    ...rest,
  };
}

/** A permanent ban of sshd, with what a test wants otherwise. */
export function makeEvent(number: number, text: string, rest: Partial<Omit<BanEvent, 'network'>> = {}): BanEvent {
  return { number, verb: 'ban', jail: 'sshd', network: network(text), ttlSeconds: null, source: 'jail', ...rest };
}

/** DNS that has no name. */
export const noNames: ResolveName = () => Promise.resolve({ 4: { kind: 'none' }, 6: { kind: 'none' } });
