import { spawnSync } from 'node:child_process';
import { openPeerJail } from '../../client/enforcers/jail/peer-jail.ts';
import { makeFail2ban } from '../../client/fail2ban-client.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import { owner } from '../client/enforcers/nftables/sample-owner.ts';
import { Fail2banProcess } from './fail2ban-process.ts';

/** The jail that we ship. */
export const peerJail = 'fail2networkban-peers';

/** A local firewall that costs nothing, for all jails. */
export const quietFirewall = `[DEFAULT]
banaction = quiet
banaction_allports = quiet
`;

/** The real fail2ban with the peer jail as it is installed, running. `jails`: more for jail.local. */
export async function startWithPeerJail(dir: string, jails = ''): Promise<Fail2banProcess> {
  const fail2ban = await Fail2banProcess.prepareAsInstalled(dir, `${quietFirewall}\n${jails}`);
  await fail2ban.start();
  return fail2ban;
}

export function openJail(fail2ban: Fail2banProcess, clock: Clock, jail = peerJail): Enforcer {
  return openPeerJail(jail, { fail2ban: askFail2ban(fail2ban), clock, owner });
}

export function askFail2ban({ socket }: Fail2banProcess): ReturnType<typeof makeFail2ban> {
  return makeFail2ban({ program: 'fail2ban-client', socket });
}

/** What a jail holds, sorted. At once, for tests that look between two calls of an enforcer. */
export function spellingsIn(fail2ban: Fail2banProcess, jail = peerJail): string[] {
  return askNow(fail2ban, 'get', jail, 'banip')
    .split(/\s+/)
    .filter((spelling) => spelling !== '')
    .sort();
}

/** As `Fail2banProcess.client`, at once. @throws when it fails */
export function askNow({ socket }: Fail2banProcess, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('fail2ban-client', ['-s', socket, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`fail2ban-client ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
