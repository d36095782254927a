import { addressFromWords } from '../../shared/host/kernel-address.ts';
import type { Network } from '../../shared/network.ts';

/** An established TCP connection of this host. */
export interface TcpConnection {
  readonly localPort: number;
  readonly remote: Network;
  /** Both ends as the kernel writes them: no two connections have the same. */
  readonly ends: string;
}

/** TCP_ESTABLISHED of the kernel's tcp_states.h. */
const established = '01';

/** Reads the established connections in the text of /proc/net/tcp or tcp6. */
export function parseTcpConnections(text: string): TcpConnection[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    const localPort = Number.parseInt(local.split(':')[1] ?? '', 16);
    const address = addressFromWords(remote.split(':')[0] ?? '');
    if (state !== established || address === undefined || Number.isNaN(localPort)) return [];
    return [{ localPort, remote: address, ends: `${local} ${remote}` }];
  });
}

/** sshd cuts who has not logged in after this long: `LoginGraceTime`, sshd_config(5). */
const loginGraceMs = 120_000;

/** What was read of this host at one moment. */
export interface Look {
  readonly connections: readonly TcpConnection[];
  /** That sshd listens on. */
  readonly ports: ReadonlySet<number>;
  /** Where users are logged in from, as far as the host keeps a list. */
  readonly logins: ReadonlySet<Network>;
  /** Milliseconds of a clock that never jumps. */
  readonly atMs: number;
}

/**
 * Tells those who are logged in through ssh from those who only try: an attacker who keeps connecting to sshd must not be
 * safe from bans by that.
 *
 * ```
 *   connection to sshd …            counts as a session
 *   from where a user is logged in  at once
 *   there at the first look         at once: the agent may have been restarted beneath it
 *   older than sshd's grace time    yes, sshd would have cut it
 *   else                            no
 * ```
 */
export class SshSessions {
  /** When each connection was first seen; -Infinity at the first look. */
  #seenAtMs: ReadonlyMap<string, number> | undefined;

  /** Where sessions come from now. */
  take({ connections, ports, logins, atMs }: Look): Network[] {
    const toSshd = connections.filter(({ localPort }) => ports.has(localPort));
    const before = this.#seenAtMs;
    const firstSeenAtMs = before === undefined ? Number.NEGATIVE_INFINITY : atMs;
    const seenAtMs = new Map(toSshd.map(({ ends }) => [ends, before?.get(ends) ?? firstSeenAtMs]));
    this.#seenAtMs = seenAtMs;
    const isOld = (ends: string): boolean => atMs - (seenAtMs.get(ends) ?? atMs) > loginGraceMs;
    return toSshd.filter(({ ends, remote }) => logins.has(remote) || isOld(ends)).map(({ remote }) => remote);
  }
}
