import { jailPattern } from '../shared/names.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import type { Fail2ban } from './fail2ban-client.ts';

/** What a jail holds: each network and when its ban ends, milliseconds since the epoch; null is permanent. */
export type JailList = ReadonlyMap<Network, number | null>;

/** The action's name in fail2ban: that of its file, or `fail2networkban…` where a jail names it so. */
export const actionName = 'fail2networkban';

/**
 * The jails that hand over to this agent, each with its list. Peers' bans are nobody's to report here, so a peer jail is
 * left out even where somebody gave it the action.
 *
 * @throws Fail2banError
 */
export async function readJails(
  fail2ban: Fail2ban,
  signal: AbortSignal,
  peerJails: readonly string[] = [],
): Promise<ReadonlyMap<string, JailList>> {
  const lists = new Map<string, JailList>();
  for (const jail of await readWiredJails(fail2ban, signal, peerJails)) {
    lists.set(jail, parseJailList(await fail2ban(['get', jail, 'banip', '--with-time'], signal)));
  }
  return lists;
}

/** The names of the jails that hand over to this agent. @throws Fail2banError */
export async function readWiredJails(
  fail2ban: Fail2ban,
  signal: AbortSignal,
  peerJails: readonly string[] = [],
): Promise<readonly string[]> {
  const wired: string[] = [];
  for (const jail of parseJailNames(await fail2ban(['status'], signal))) {
    if (!jailPattern.test(jail) || peerJails.includes(jail)) continue;
    const actions = parseActionNames(await fail2ban(['get', jail, 'actions'], signal));
    if (actions.some(isOurAction)) wired.push(jail);
  }
  return wired;
}

export function isOurAction(name: string): boolean {
  return name.startsWith(actionName);
}

/** Names out of `fail2ban-client status`. */
export function parseJailNames(text: string): readonly string[] {
  return commaList(/^\W*Jail list:\s*(.*)$/m.exec(text)?.[1] ?? '');
}

/** Names out of `fail2ban-client get JAIL actions`, in the order in which they run. */
export function parseActionNames(text: string): readonly string[] {
  const [, names = ''] = text.split(/has the following actions:\s*/);
  return commaList(names);
}

/** Expressions out of `fail2ban-client get JAIL failregex` or `ignoreregex`: lines as "|- [0]: …". */
export function parseRegexes(text: string): readonly string[] {
  return [...text.matchAll(/^[|`]- \[\d+\]: (.*)$/gm)].map(([, regex = '']) => regex);
}

/** Lines of `get JAIL banip --with-time`: `203.0.113.7 \t2026-11-21 03:00:00 + 600 = 2026-11-21 03:10:00`, local time. */
const banLine = /^(\S+)\s+\S+ \S+ \+ (-?[0-9.]+) = (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;

/** What `fail2ban-client get JAIL banip --with-time` prints. A ban of something that is no network is left out. */
export function parseJailList(text: string): JailList {
  const list = new Map<Network, number | null>();
  for (const line of text.split('\n')) {
    const [, address = '', bantime, ...parts] = banLine.exec(line.trim()) ?? [];
    const network = parseNetwork(address);
    if (network !== undefined) list.set(network, bantime === '-1' ? null : localTime(parts.map(Number)));
  }
  return list;
}

function localTime([year = 0, month = 1, ...rest]: readonly number[]): number {
  const [day = 1, hour = 0, minute = 0, second = 0] = rest;
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

function commaList(text: string): readonly string[] {
  return text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
