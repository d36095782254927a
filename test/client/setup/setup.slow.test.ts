import assert from 'node:assert/strict';
import { appendFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSettings } from '../../../client/settings.ts';
import { runCommand } from '../../end-to-end/program.ts';
import { waitUntil } from '../../end-to-end/wait-until.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { enrolment, TemporaryHost } from './temporary-host.ts';

const dropIn = 'etc/systemd/system/fail2ban.service.d/fail2networkban.conf';

testWithEnding('a host hands its bans over after setup, and each jail runs its own actions still', async (context) => {
  const host = await TemporaryHost.start(context);
  const said = await host.setUp();
  assert.equal(await host.actions('sshd'), 'mark, fail2networkban');
  assert.equal(await host.actions('web'), 'own, second, fail2networkban');
  assert.equal(await host.actions('recidive'), 'mark');
  assert.match(said, /kept: jail recidive, which would send the bans of other jails a second time\n/);
  assert.match(said, /Start the agent: fail2networkban agent --config \S+client\.ini {2}# there is no systemd here: /);
  assert.equal((await stat(host.path('etc/fail2networkban/main.key'))).mode & 0o777, 0o600);
  assert.equal((await stat(host.path('var/spool/fail2networkban'))).mode & 0o777, 0o700);
  await appendFile(host.path('log/web'), `${Math.floor(Date.now() / 1_000)} failed login from 203.0.113.7\n`);
  const queue = 'var/spool/fail2networkban/queue';
  await waitUntil('the ban is handed over', async () => (await host.read(queue).catch(() => '')).includes('\n'));
  assert.match(await host.read(queue), /^v1\tban\tweb\t203\.0\.113\.7\t/);
  assert.equal(await host.read('marks'), 'web 203.0.113.7\nweb 203.0.113.7\n');
});

/** Files by which setup's does not reach the jail shell, and where a line makes it hand over. */
const beyondReach: readonly (readonly [why: string, file: string, action: string])[] = [
  ['it says %(known/action)s itself', 'jail.local', 'action = %(known/action)s\n         own\n'],
  ["another file sets its actions after setup's", 'jail.d/zzz.local', 'action = mark\n         own\n'],
];
for (const [why, file, action] of beyondReach)
  testWithEnding(`a jail is left out and named, with what to do, and the others go on: ${why}`, async (context) => {
    const root = await makeFolder(context);
    const log = join(root, 'log');
    await writeFile(log, '');
    const host = await TemporaryHost.start(context, { [file]: `[shell]\nlogpath = ${log}\n${action}` });
    const said = await host.setUp();
    assert.deepEqual([await host.actions('sshd'), await host.actions('shell')], ['mark, fail2networkban', 'mark, own']);
    const [, line = '', command = ''] =
      /^kept: jail shell as it is, .*\n( +fail2networkban\S*)\n.*fail2ban-client (.*)$/m.exec(said) ?? [];
    await host.write(`etc/fail2ban/${file}`, `[shell]\nlogpath = ${log}\n${action}${line}\n`);
    await host.client(...command.split(' '));
    assert.equal(await host.actions('shell'), 'mark, own, fail2networkban');
    const again = await host.setUp();
    assert.match(again, /kept: jail shell, which hands over already/);
    assert.match(again, /Nothing is left to do\.$/);
  });

testWithEnding('a second setup changes nothing', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.setUp();
  const [before, log] = [await host.tree(), await host.read('fail2ban.log')];
  assert.match(await host.setUp(), /\nNothing is left to do\.$/);
  assert.deepEqual(await host.tree(), before);
  assert.equal(await host.read('fail2ban.log'), log);
});

testWithEnding('a dry run says the steps and does none', async (context) => {
  const host = await TemporaryHost.start(context);
  const before = await host.tree();
  const said = await host.setUp({ isDry: true });
  assert.match(said, /^would do: write \S+\/action\.d\/fail2networkban\.conf, mode 0644$/m);
  assert.match(said, /^would do: fail2ban-client -c \S+ reload --restart sshd$/m);
  assert.deepEqual(await host.tree(), before);
});

testWithEnding('only the named jails hand over, and a later setup adds to them', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.setUp({ jails: ['ssh*'] });
  assert.equal(await host.actions('web'), 'own, second');
  await host.setUp({ line: undefined, jails: ['web'] });
  assert.equal(await host.actions('sshd'), 'mark, fail2networkban');
  assert.equal(await host.actions('web'), 'own, second, fail2networkban');
});

testWithEnding('a pattern that fits no jail is refused with the jails that there are', async (context) => {
  const host = await TemporaryHost.start(context);
  const before = await host.tree();
  await assert.rejects(host.setUp({ jails: ['nginx-*'] }), /fits "nginx-\*"; those that run: sshd(?: and|,) web$/);
  assert.deepEqual(await host.tree(), before);
});

testWithEnding('enables the agent where systemd runs, and disables it with undo', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.hasSystemd(['ProtectSystem=no']);
  assert.match(await host.setUp(), /^systemctl enable --now \S+\/systemd\/fail2networkban-agent\.service$/m);
  await assert.rejects(stat(host.path(dropIn)));
  assert.match(await host.setUp(), /^kept: fail2networkban-agent, which runs$/m);
  const other = `fail2networkban://web2@pve.example:1514/?key=abcdefgh.${'B'.repeat(43)}&ca=system`;
  assert.match(await host.setUp({ line: other, force: true }), /^systemctl restart fail2networkban-agent$/m);
  assert.match((await host.undo()).said, /^systemctl disable --now fail2networkban-agent$/m);
});

testWithEnding("lets fail2ban's hardened unit write to the queue, and restarts it", async (context) => {
  const host = await TemporaryHost.start(context);
  await host.hasSystemd(['ProtectSystem=strict']);
  await host.write('bin/true', '');
  await assert.rejects(host.setUp(), /jail sshd does not take the action/, 'this systemctl restarts nothing');
  const log = await host.read('systemctl.log');
  assert.equal(
    log.match(/^daemon-reload\nrestart fail2ban$/gm)?.length,
    2,
    'done, and after the files were taken back',
  );
  assert.match(await host.setUp({ isDry: true }), /^would do: write \S+fail2ban\.service\.d\/fail2networkban\.conf/m);
});

testWithEnding('does not replace a server of another enrolment unless told to', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.setUp();
  const other = `fail2networkban://web2@pve.example:1514/?key=abcdefgh.${'B'.repeat(43)}&ca=system`;
  await assert.rejects(host.setUp({ line: other }), /has a \[server main\] already/);
  await host.setUp({ line: other, force: true });
  assert.match(await host.read('etc/fail2networkban/client.ini'), /^client = web2$/m);
});

testWithEnding('needs root, a Node that is new enough, and a line where there is no client.ini', async (context) => {
  const host = await TemporaryHost.start(context);
  await assert.rejects(host.setUp({}, { isRoot: false }), /^Error: setup must run as root/);
  await assert.rejects(host.setUp({}, { nodeVersion: '20.18.1' }), /^Error: Node 20\.18\.1 is too old/);
});

testWithEnding(
  "installs the jail for peers' bans, which hands nothing over, and undo takes it away",
  async (context) => {
    const host = await TemporaryHost.start(context);
    assert.match(
      await host.setUp({ takesPeers: true }),
      /^On the server, .* client set web1 --may ban,unban,subscribe$/m,
    );
    assert.equal(await host.actions('fail2networkban-peers'), 'mark');
    assert.equal(await host.actions('sshd'), 'mark, fail2networkban');
    assert.match(await host.client('get', 'recidive', 'ignoreregex'), /-peers/);
    const [subscription] = (await loadSettings(host.config)).subscriptions;
    assert.deepEqual(subscription?.target, { kind: 'jail', name: 'fail2networkban-peers' });
    const before = await host.tree();
    assert.match(await host.setUp({ takesPeers: true }), /\nNothing is left to do\.$/m);
    assert.deepEqual(await host.tree(), before);
    await host.undo();
    assert.doesNotMatch(await host.client('status'), /peers/);
  },
);

testWithEnding('the command says in one sentence why it cannot', async (context) => {
  const config = join(await makeFolder(context), 'client.ini');
  const { code, stderr } = await runCommand('client', ['setup', '--undo', '--enroll', enrolment, '--config', config]);
  assert.deepEqual([code, stderr], [64, 'give either --undo or --enroll\n']);
  const undo = await runCommand('client', ['setup', '--undo', '--dry-run', '--json', '--config', config]);
  assert.deepEqual(JSON.parse(undo.stdout), { isComplete: true, said: ['Nothing on this host is from setup.'] });
});
