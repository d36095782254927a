import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSettings } from '../../../client/settings.ts';
import { withNftables, withoutFail2ban } from '../../../client/setup/client-ini.ts';
import { runCommand } from '../../end-to-end/program.ts';
import { RunningProcess } from '../../end-to-end/running-process.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { Namespace } from '../enforcers/nftables/namespace.ts';
import { enrolment, TemporaryHost } from './temporary-host.ts';

testWithEnding(
  'a host without fail2ban is set up, blocks, and is well, and nobody asks for fail2ban',
  async (context) => {
    const namespace = await Namespace.make(context);
    const script = new URL('./without-fail2ban-script.js', import.meta.url).pathname;
    const [program, ...lead] = namespace.enter;
    const started = new RunningProcess(program, [...lead, process.execPath, script]);
    context.after(() => started.kill());
    await started.ended;
    const { code, stderr } = started.finished();
    assert.equal(code, 0, stderr);
  },
);

testWithEnding('touches no file of fail2ban, and gives the unit what nft needs', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.hasSystemd([]);
  await host.write('bin/nft', '#!/bin/sh\n');
  await host.makeExecutable('bin/nft');
  await host.write('etc/pve/local', '');
  const before = await host.tree();
  const said = await host.setUp({ hasFail2ban: false, usesNftables: true });
  assert.match(said, /^write \S+fail2networkban-agent\.service\.d\/nftables\.conf, mode 0644$/m);
  assert.match(said, /^systemctl enable --now \S+fail2networkban-agent\.service$/m);
  const { agent, nftables, subscriptions } = await loadSettings(host.config);
  assert.deepEqual([agent.hasFail2ban, nftables.hooks], [false, ['host', 'bridge']]);
  assert.deepEqual(
    subscriptions.map(({ target }) => target),
    [{ kind: 'nftables' }],
  );
  const after = await host.tree();
  const isFail2ban = (name: string): boolean => name.startsWith('etc/fail2ban');
  assert.deepEqual(Object.keys(after).filter(isFail2ban), Object.keys(before).filter(isFail2ban));
  assert.equal(await host.actions('sshd'), 'mark');
  await host.undo();
  await rm(host.path('var/spool/fail2networkban'), { recursive: true, force: true });
  assert.deepEqual(await host.tree(), { ...before, 'var/spool': (await host.tree())['var/spool'] });
});

testWithEnding('names both ways where fail2ban is not there, and what nftables lacks', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.write('etc/fail2networkban/client.ini', '[agent]\nfail2ban_client = /nowhere/fail2ban-client\n');
  await assert.rejects(host.setUp(), /apt install fail2ban; or, .*: fail2networkban setup --enroll - --no-fail2ban/);
  await host.write('bin/nft', '#!/bin/sh\necho Operation not permitted >&2; exit 1\n');
  await host.makeExecutable('bin/nft');
  await assert.rejects(
    host.setUp({ hasFail2ban: false, usesNftables: true }),
    /^Error: nftables cannot be used here; a container needs CAP_NET_ADMIN/,
  );
});

testWithEnding('a host that hands over is not turned into one without fail2ban behind its back', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.setUp();
  await assert.rejects(host.setUp({ hasFail2ban: false }), /by a setup before; first: fail2networkban setup --undo$/);
});

testWithEnding(
  'refuses jails where there is no fail2ban, in the configuration and on the command line',
  async (context) => {
    const config = join(await makeFolder(context), 'client.ini');
    await mkdir(join(config, '..'), { recursive: true });
    await writeFile(config, '[agent]\nfail2ban = no\n[peers]\n* = sshd-peers\n');
    const { code, stderr } = await runCommand('client', ['check-config', '--config', config]);
    assert.equal(code, 78);
    assert.match(
      stderr,
      /\[subscription peers \*\] enforcer: a jail needs fail2ban, and \[agent\] fail2ban = no: allowed/,
    );
    const words = ['setup', '--enroll', enrolment, '--no-fail2ban', '--peers', '--config', config];
    assert.equal((await runCommand('client', words)).code, 64);
  },
);

const texts: readonly (readonly [before: string, after: string])[] = [
  ['', '[agent]\nfail2ban = no\n'],
  ['[server a]\nx = y\n', '[agent]\nfail2ban = no\n\n[server a]\nx = y\n'],
  ['[agent]\nlog_level = warn\n', '[agent]\nfail2ban = no\nlog_level = warn\n'],
  ['# mine\n[agent]\nfail2ban = yes\n', '# mine\n[agent]\nfail2ban = no\n'],
];
for (const [before, after] of texts)
  testWithEnding(`writes fail2ban = no into ${JSON.stringify(before)}, and nothing else`, async () => {
    assert.equal(withoutFail2ban(before), after);
    assert.equal(withoutFail2ban(after), after);
    const subscribed = withNftables(after, true);
    assert.equal(withNftables(subscribed, true), subscribed);
  });
