import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ending } from '../../ending.ts';
import { waitUntil } from '../wait-until.ts';
import { Machine } from './machine.ts';

const top = join(import.meta.dirname, '..', '..', '..', '..');
const emulators = '/emulators';
const units = '/usr/local/lib/node_modules/fail2networkban/systemd';

export const serverUnit = 'fail2networkban-server';
export const agentUnit = 'fail2networkban-agent';
export const serverFile = '/etc/fail2networkban/server.ini';
export const agentFile = '/etc/fail2networkban/client.ini';

const jail = `[DEFAULT]
banaction = nftables-multiport
[sshd]
enabled = false
[web]
enabled = true
backend = polling
filter =
failregex = ^bad <ADDR>$
datepattern = {NONE}
logpath = /var/log/web.log
maxretry = 1
bantime = 1h
`;

/**
 * A machine that is a Proxmox host, with its API emulated beside it, and at once a host with fail2ban, on which server
 * and agent are set up as the manual says.
 */
export class Site {
  readonly machine: Machine;

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  /** @param layer the installed package */
  static async start(test: Ending, layer: string): Promise<Site> {
    const words = [`--bind-ro=${join(top, 'dist')}:${emulators}`];
    const machine = await Machine.boot(test, { layers: [layer], words });
    const site = new Site(machine);
    await site.#startProxmox(test);
    await site.#startFail2ban();
    return site;
  }

  async setUpServer(): Promise<void> {
    const { machine } = this;
    await machine.sh('fail2networkban-server setup --yes');
    // The emulated API has accounts of its own, apart from those of the emulated pveum.
    await machine.sh(`cp /root/token /etc/fail2networkban/proxmox-main.token`);
    await machine.sh(`sed -i 's/^\\[server\\]$/[server]\\npublic_host = 127.0.0.1/' ${serverFile}`);
    await machine.sh(`systemctl enable --now ${units}/${serverUnit}.service`);
  }

  async setUpAgent(): Promise<void> {
    await this.machine.sh(`echo '${await enrollWeb1(this.machine)}' | fail2networkban setup --enroll -`);
  }

  /** What an attacker does: fail2ban bans the address for it. */
  async offend(address: string): Promise<void> {
    await this.machine.sh(`echo 'bad ${address}' >> /var/log/web.log`);
  }

  /** Waits until Proxmox blocks the address, or does no longer. */
  async isBlocked(address: string, isBlocked = true): Promise<void> {
    const read = async (): Promise<string> =>
      await readFile(this.machine.path('/etc/pve/cluster.fw'), 'utf8').catch(() => '');
    await waitUntil(
      `${address} ${isBlocked ? 'is' : 'is not'} in cluster.fw`,
      async () => (await read()).includes(address) === isBlocked,
    );
  }

  async #startProxmox(test: Ending): Promise<void> {
    const { machine } = this;
    const dir = machine.path('/etc/pve');
    const program = join(top, 'dist', 'test', 'emulators', 'proxmox', 'emulate-proxmox.js');
    const proxmox = machine.beside(process.execPath, program, '--dir', dir, '--port', '8006');
    test.after(() => proxmox.stop());
    const [, token = ''] = await proxmox.said(/^token (f2nb@pve!server=\S+)$/m);
    await machine.write('/root/token', `${token}\n`, 0o600);
    await machine.sh('mkdir /etc/pve/local && cp /etc/pve/tls/ca.pem /etc/pve/pve-root-ca.pem');
    await machine.sh('cd /etc/pve/tls && cp cert.pem ../local/pve-ssl.pem && cp key.pem ../local/pve-ssl.key');
    const pveum = `#!/bin/sh\nexec node ${emulators}/test/server/setup/emulated-pveum.js /root/pveum.json "$@"\n`;
    await machine.write('/usr/sbin/pveum', pveum, 0o755);
  }

  async #startFail2ban(): Promise<void> {
    await this.machine.write('/etc/fail2ban/jail.d/web.local', jail);
    await this.machine.write('/var/log/web.log', '');
    await this.machine.sh('systemctl restart fail2ban');
  }
}

/** The line that enrolls a host with the machine's server. */
export async function enrollWeb1(machine: Machine): Promise<string> {
  const added: { readonly enrolment: string } = JSON.parse(
    await machine.sh('fail2networkban-server client add web1 --json'),
  );
  return added.enrolment;
}
