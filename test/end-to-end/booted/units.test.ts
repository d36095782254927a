import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { exitCodes } from '../../../shared/exit-codes.ts';
import { lastFirst } from '../../ending.ts';
import { suiteMaxMs, waitUntil } from '../wait-until.ts';
import { installPackage } from './installed-package.ts';
import { Machine } from './machine.ts';
import { agentFile, agentUnit, enrollWeb1, Site, serverFile, serverUnit } from './site.ts';

/** A line with a value that cannot be, and what is said of it. */
const slips = [
  { unit: serverUnit, file: serverFile, section: 'server', line: 'port = none', said: 'server.ini:.*port: "none"' },
  {
    unit: agentUnit,
    file: agentFile,
    section: 'agent',
    line: 'jail_check = soon',
    said: 'client.ini:.*jail_check: "soon"',
  },
] as const;

/** systemd.exec(5): NAMESPACE, CREDENTIALS. */
const namespaceCodes: readonly string[] = ['226', '243'];

const layer = installPackage(lastFirst({ after }));

describe('server and agent under systemd', { timeout: suiteMaxMs }, () => {
  const ending = lastFirst({ after });
  let site: Site;
  let machine: Machine;
  before(async () => {
    site = await Site.start(ending, await layer);
    machine = site.machine;
  });

  const restartsOf = async (unit: string): Promise<number> =>
    Number(await machine.sh(`systemctl show --property=NRestarts --value ${unit}`));
  const stateOf = (unit: string): Promise<string> =>
    machine.sh(`systemctl show --property=ActiveState --value ${unit}`);

  it('are set up by their commands, and a ban of fail2ban reaches Proxmox', async () => {
    await site.setUpServer();
    await site.setUpAgent();
    await site.offend('203.0.113.7');
    await site.isBlocked('203.0.113.7');
  });

  it('tell systemd what they do, and what is wrong first', async () => {
    const tells = async (unit: string, line: RegExp): Promise<void> => {
      const read = () => machine.sh(`systemctl show --property=StatusText --value ${unit}`);
      await waitUntil(`${unit} says ${line}`, async () => line.test(await read()));
    };
    await tells(serverUnit, /^1 ban, 1 host connected, proxmox\/main in sync$/m);
    await tells(agentUnit, /^connected to main$/m);
    await machine.sh(`systemctl stop ${serverUnit}`);
    await tells(agentUnit, /^NOT connected to main: connect ECONNREFUSED/);
    await machine.sh(`systemctl start ${serverUnit}`);
    await tells(agentUnit, /^connected to main$/m);
  });

  it('tell the journal in sentences, with priorities', async () => {
    const read = (unit: string, priority: string): Promise<string> =>
      machine.sh(`journalctl --unit=${unit} --priority=${priority} --output=cat`);
    assert.match(await read(agentUnit, 'info'), /^connected: server main, as /m);
    assert.match(await read(serverUnit, 'info'), /^ban: .*network 203\.0\.113\.7/m);
    await machine.sh(`systemctl stop ${serverUnit}`);
    await waitUntil('the agent warns', async () =>
      /^not connected: server main/m.test(await read(agentUnit, 'warning')),
    );
    assert.doesNotMatch(await read(agentUnit, 'warning'), /^connected/m);
    // What the server says when it stops reaches systemd too.
    assert.doesNotMatch(await read(serverUnit, 'warning'), /systemd/);
    await machine.sh(`systemctl start ${serverUnit}`);
  });

  for (const { unit, file, section, line, said } of slips) {
    it(`${unit}: a wrong file fails a reload, ends a start once, and is named; mended, it starts`, async () => {
      await machine.sh(`systemctl reload ${unit} && cp -p ${file} ${file}.good`);
      await machine.sh(`printf '[${section}]\\n${line}\\n' >> ${file}`);
      const pid = await machine.sh(`systemctl show --property=MainPID --value ${unit}`);
      const reload = await machine.run('systemctl', 'reload', unit);
      assert.notEqual(reload.code, 0);
      assert.equal(await machine.sh(`systemctl show --property=MainPID --value ${unit}`), pid);
      assert.equal(await stateOf(unit), 'active\n');
      assert.match((await machine.run('systemctl', 'status', unit)).stdout, new RegExp(said));

      assert.notEqual((await machine.run('systemctl', 'restart', unit)).code, 0);
      const properties = 'ActiveState,Result,ExecMainStatus,NRestarts';
      const ended = await machine.sh(`systemctl show --property=${properties} ${unit}`);
      const expected = ['ActiveState=failed', `ExecMainStatus=${exitCodes.config}`, 'NRestarts=0', 'Result=exit-code'];
      assert.deepEqual(ended.trim().split('\n').sort(), expected);
      assert.match((await machine.run('systemctl', 'status', unit)).stdout, new RegExp(said));
      assert.match(await machine.sh(`journalctl --unit=${unit} --priority=err --output=cat`), new RegExp(said));

      await machine.sh(`mv ${file}.good ${file} && systemctl start ${unit}`);
    });
  }

  it('are started anew after a kill and, by the watchdog, when they hang', async () => {
    const units = [serverUnit, agentUnit];
    for (const unit of units) {
      await machine.write(`/etc/systemd/system/${unit}.service.d/short.conf`, '[Service]\nWatchdogSec=10s\n');
    }
    await machine.sh(`systemctl daemon-reload && systemctl restart ${units.join(' ')}`);
    for (const signal of ['KILL', 'STOP']) {
      const before = await Promise.all(units.map(restartsOf));
      for (const unit of units) await machine.sh(`systemctl kill --kill-who=main --signal=${signal} ${unit}`);
      for (const [index, unit] of units.entries()) {
        const isNew = async () =>
          (await restartsOf(unit)) > (before[index] ?? 0) && (await stateOf(unit)) === 'active\n';
        await waitUntil(`${unit} is started anew`, isNew, suiteMaxMs);
      }
    }
    await site.offend('203.0.113.9');
    await site.isBlocked('203.0.113.9');
  });

  it('takes over what fail2ban queued while the agent was down and its folder gone', async () => {
    await machine.sh(`systemctl stop ${agentUnit} && rm -r /var/spool/fail2networkban`);
    await site.offend('203.0.113.10');
    await machine.sh(`systemctl start ${agentUnit}`);
    await site.isBlocked('203.0.113.10');
  });

  it('tries on as long as a folder is not there, more often than systemd does by itself', async () => {
    const dropIn = `/etc/systemd/system/${agentUnit}.service.d/late.conf`;
    await machine.write(dropIn, '[Service]\nReadWritePaths=-/srv/late\nRestartSec=1ms\n');
    await machine.sh(
      `cp -p ${agentFile} ${agentFile}.good && printf '[agent]\\nspool = /srv/late/spool\\n' >> ${agentFile}`,
    );
    await machine.sh(`systemctl daemon-reload && systemctl restart --no-block ${agentUnit}`);
    const restartsBySystemd = 5;
    const hasTried = async () => (await restartsOf(agentUnit)) > restartsBySystemd;
    await waitUntil('the agent was tried again and again', hasTried, suiteMaxMs);
    assert.match(await machine.sh(`journalctl --unit=${agentUnit} --lines=20 --output=cat`), /\/srv\/late/);
    await machine.sh('mkdir /srv/late');
    await waitUntil('the agent runs', async () => (await stateOf(agentUnit)) === 'active\n', suiteMaxMs);
    await machine.sh(`rm ${dropIn} && mv ${agentFile}.good ${agentFile}`);
    await machine.sh(`systemctl daemon-reload && systemctl restart ${agentUnit}`);
  });

  it('come back after a reboot with all that they had', async () => {
    await machine.reboot();
    await site.offend('203.0.113.8');
    await site.isBlocked('203.0.113.8');
    await site.isBlocked('203.0.113.7');
  });

  it('leave with setup --undo, and nothing stays in force', async () => {
    await machine.sh('fail2networkban setup --undo && fail2networkban-server setup --undo --yes');
    for (const unit of [agentUnit, serverUnit]) {
      assert.equal((await machine.run('systemctl', 'is-enabled', unit)).stdout, '');
      assert.equal(await stateOf(unit), 'inactive\n');
    }
    await site.isBlocked('203.0.113.7', false);
    assert.equal(
      await machine.sh('fail2ban-client get web actions'),
      'The jail web has the following actions:\nnftables-multiport\n',
    );
    await machine.sh('systemctl is-active fail2ban');
  });
});

describe('server and agent in an unprivileged container without nesting', { timeout: suiteMaxMs }, () => {
  const ending = lastFirst({ after });
  const units = '/usr/local/lib/node_modules/fail2networkban/systemd';
  let machine: Machine;
  before(async () => {
    machine = await Machine.boot(ending, { layers: [await layer], isUnprivileged: true });
    await machine.write(
      serverFile,
      '[server]\nlisten = 127.0.0.1\npublic_host = 127.0.0.1\nplaintext = yes\n[dry-run]\n',
    );
    await machine.sh('useradd --system --user-group fail2networkban');
  });

  it('do not start as they are, and do without namespaces', async () => {
    assert.notEqual((await machine.run('systemctl', 'enable', '--now', `${units}/${serverUnit}.service`)).code, 0);
    const status = await machine.sh(`systemctl show --property=ExecMainStatus --value ${serverUnit}`);
    assert.ok(namespaceCodes.includes(status.trim()), status);
    for (const unit of [serverUnit, agentUnit]) {
      await machine.sh(`install -D -m 0644 -t /etc/systemd/system/${unit}.service.d ${units}/without-namespaces.conf`);
    }
    await machine.sh(`systemctl daemon-reload && systemctl restart ${serverUnit}`);
    await machine.sh(`echo '${await enrollWeb1(machine)}' | fail2networkban enroll`);
    await machine.sh(`systemctl enable --now ${units}/${agentUnit}.service`);
    const read = () => machine.sh(`systemctl show --property=StatusText --value ${agentUnit}`);
    await waitUntil('the agent is connected', async () => /^connected to main$/m.test(await read()));
  });
});
