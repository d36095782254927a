import { limits } from '../../shared/limits.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';

/** What `ignoreip` of jails names. */
export interface Ignored {
  /** Sorted, none twice, at most as many as are offered. */
  readonly networks: readonly Network[];
  /**
   * What is not offered, as it stands there: DNS names, which mean what this host's resolver says; files; and networks beyond the
   * most that are offered.
   */
  readonly leftOut: readonly string[];
}

/**
 * Reads what some jails never ban. `ignoreself` is left aside: which address is this host's, the server sees itself.
 *
 * @returns undefined when a jail does not say, as one that just starts: then not all is known
 * @throws Fail2banError
 */
export async function readIgnored(
  jails: readonly string[],
  fail2ban: Fail2ban,
  signal: AbortSignal,
): Promise<Ignored | undefined> {
  const entries: string[] = [];
  for (const jail of jails) {
    try {
      entries.push(...parseIgnoreip(await fail2ban(['get', jail, 'ignoreip'], signal)));
    } catch (error) {
      if (error instanceof Fail2banError && error.isAnswer) return undefined;
      throw error;
    }
  }
  return sortOut(entries);
}

/** Entries out of `fail2ban-client get JAIL ignoreip`: lines as "|- 203.0.113.7". */
export function parseIgnoreip(text: string): readonly string[] {
  return [...text.matchAll(/^[|`]- (.*)$/gm)].map(([, entry = '']) => entry.trim());
}

/** Tells networks from what is none. */
export function sortOut(entries: readonly string[]): Ignored {
  const networks = new Set<Network>();
  const others = new Set<string>();
  for (const entry of entries) {
    const network = parseNetwork(entry);
    if (network === undefined) others.add(entry);
    else networks.add(network);
  }
  const sorted = [...networks].sort();
  const leftOut = [...[...others].sort(), ...sorted.slice(limits.ignoreipMax)];
  return { networks: sorted.slice(0, limits.ignoreipMax), leftOut };
}
