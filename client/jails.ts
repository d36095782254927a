import { type Network, parseNetwork } from '../shared/network.ts';
import { readBantime } from './jails/bantime.ts';

/** A ban as a jail's list prints it. */
export interface ListedBan {
  /** null is permanent. */
  readonly bantimeSeconds: number | null;
  /** The printed local time of the failure as if it were UTC, milliseconds: fail2ban does not print its zone. */
  readonly printedAt: number;
}

/** What a jail holds. */
export type JailList = ReadonlyMap<Network, ListedBan>;

/** The action's name in fail2ban: that of its file, or `fail2networkban…` where a jail names it so. */
export const actionName = 'fail2networkban';

export function isOurAction(name: string): boolean {
  return name.startsWith(actionName);
}

/** Names out of `fail2ban-client status`; a name in which `, ` stands comes in pieces. */
export function parseJailNames(text: string): readonly string[] {
  return commaList(/^\W*Jail list:\t?(.*)$/ms.exec(text)?.[1] ?? '');
}

/** How many jails `fail2ban-client status` counts. */
export function countJails(text: string): number | undefined {
  const digits = /Number of jail:\s*(\d+)/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
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
const banLine = /^(\S+)\s+(\S+) (\S+) \+ (\S+) = /;

/** What `fail2ban-client get JAIL banip --with-time` prints. A ban of something that is no network is left out. */
export function parseJailList(text: string): JailList {
  const list = new Map<Network, ListedBan>();
  for (const line of text.split('\n')) {
    const [, address = '', day = '', time = '', bantime = ''] = banLine.exec(line.trim()) ?? [];
    const network = parseNetwork(address);
    if (network === undefined) continue;
    // What cannot be read is still a ban that stands: nothing is to be lifted for it.
    list.set(network, { bantimeSeconds: readBantime(bantime) ?? null, printedAt: Date.parse(`${day}T${time}Z`) });
  }
  return list;
}

function commaList(text: string): readonly string[] {
  return text
    .replace(/\n$/, '')
    .split(', ')
    .filter((name) => name !== '');
}
