import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const shipped = join(import.meta.dirname, '..', '..', '..');

/** What fail2ban loads, below client/fail2ban/ here and below /etc/fail2ban there. */
export const actionFiles: readonly string[] = ['action.d/fail2networkban.conf'];
/** And on a host that takes peers' bans. */
export const peerFiles: readonly string[] = ['jail.d/fail2networkban-peers.conf'];
/** The jail of `peerFiles`. */
export const peerJail = 'fail2networkban-peers';

/** What the agent's unit needs for nftables. */
export function readNftablesDropIn(): Promise<string> {
  return readFile(join(shipped, 'systemd', 'fail2networkban-agent.service.d', 'nftables.conf'), 'utf8');
}

/** The text of a file of client/fail2ban/. */
export function readShipped(name: string): Promise<string> {
  return readFile(join(shipped, 'client', 'fail2ban', name), 'utf8');
}
