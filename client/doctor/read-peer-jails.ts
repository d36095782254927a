import { findJailFault, type JailFault } from '../enforcers/jail/jail-fault.ts';
import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';
import { isOurAction, parseActionNames, parseRegexes } from '../jails.ts';
import type { Fail2banFacts, JailFacts } from './read-fail2ban.ts';

export interface PeerJailFacts {
  readonly name: string;
  /** Undefined: it can take peers' bans. */
  readonly fault: JailFault | undefined;
  /** As fail2ban says it: seconds, `-1` is permanent; not asked for beside a fault. */
  readonly bantime: string;
  /** Actions that fail for a network: fail2ban's nftables makes its sets without `flags interval`. */
  readonly addressesOnly: readonly string[];
}

/** A jail that reads fail2ban's own log, as recidive does. */
export interface LogReaderFacts {
  readonly name: string;
  readonly isWired: boolean;
  readonly failregexes: readonly string[];
  readonly ignoreregexes: readonly string[];
}

export type PeerJailsFacts =
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'read';
      readonly peerJails: readonly PeerJailFacts[];
      readonly logReaders: readonly LogReaderFacts[];
    };

/** Asks fail2ban for the peer jails of these names, and for what could take their bans for its own. */
export async function readPeerJails(
  names: readonly string[],
  facts: Fail2banFacts,
  fail2ban: Fail2ban,
): Promise<PeerJailsFacts> {
  if (facts.kind !== 'running') return { kind: 'silent' };
  const ask: Ask = (...args) => fail2ban(args, new AbortController().signal);
  try {
    const peerJails: PeerJailFacts[] = [];
    for (const name of names) peerJails.push(await readPeerJail(name, fail2ban, ask));
    const others = names.length === 0 ? [] : facts.jails.filter(({ name }) => !names.includes(name));
    return { kind: 'read', peerJails, logReaders: await readLogReaders(others, ask) };
  } catch (error) {
    if (error instanceof Fail2banError) return { kind: 'silent' };
    throw error;
  }
}

type Ask = (...args: readonly string[]) => Promise<string>;

async function readPeerJail(name: string, fail2ban: Fail2ban, ask: Ask): Promise<PeerJailFacts> {
  const fault = await findJailFault(name, fail2ban, new AbortController().signal);
  if (fault !== undefined) return { name, fault, bantime: '', addressesOnly: [] };
  const bantime = (await ask('get', name, 'bantime')).trim();
  return { name, fault, bantime, addressesOnly: await readAddressesOnly(name, ask) };
}

async function readAddressesOnly(name: string, ask: Ask): Promise<readonly string[]> {
  const found: string[] = [];
  for (const action of parseActionNames(await ask('get', name, 'actions'))) {
    if (!action.startsWith('nftables')) continue;
    if (!/\binterval\b/.test(await ask('get', name, 'action', action, 'actionstart'))) found.push(action);
  }
  return found;
}

async function readLogReaders(jails: readonly JailFacts[], ask: Ask): Promise<readonly LogReaderFacts[]> {
  const readers: LogReaderFacts[] = [];
  for (const { name, actions } of jails) {
    const failregexes = parseRegexes(await ask('get', name, 'failregex'));
    if (!failregexes.some((regex) => /fail2ban.*\bBan\b/.test(regex))) continue;
    const ignoreregexes = parseRegexes(await ask('get', name, 'ignoreregex'));
    readers.push({ name, isWired: actions.some(isOurAction), failregexes, ignoreregexes });
  }
  return readers;
}
