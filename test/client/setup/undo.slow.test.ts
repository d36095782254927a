import assert from 'node:assert/strict';
import { appendFile, rm, stat } from 'node:fs/promises';
import { waitUntil } from '../../end-to-end/wait-until.ts';
import { testWithEnding } from '../../ending.ts';
import { TemporaryHost } from './temporary-host.ts';

const jailFile = 'etc/fail2ban/jail.d/zz-fail2networkban.local';
const actionFile = 'etc/fail2ban/action.d/fail2networkban.conf';

testWithEnding('undo takes everything back, and bans stay', async (context) => {
  const host = await TemporaryHost.start(context);
  const before = await host.tree();
  await host.setUp();
  await host.client('set', 'sshd', 'banip', '203.0.113.7');
  await waitUntil('the ban is handed over', async () =>
    (await host.read('var/spool/fail2networkban/queue').catch(() => '')).includes('203.0.113.7'),
  );
  await rm(host.path('var/spool/fail2networkban/queue'));
  const { isComplete } = await host.undo();
  assert.equal(isComplete, true);
  assert.equal(await host.actions('sshd'), 'mark');
  assert.equal(await host.actions('web'), 'own, second');
  assert.match(await host.client('get', 'sshd', 'banip'), /203\.0\.113\.7/);
  await rm(host.path('var/spool/fail2networkban'), { recursive: true, force: true });
  const after = await host.tree();
  for (const name of Object.keys(after)) assert.ok(name in before || name === 'var/spool', name);
  assert.deepEqual({ ...after, ...before }, after);
  assert.match((await host.undo()).said, /^Nothing on this host is from setup\.$/);
});

testWithEnding('undo puts back what setup replaced, and leaves what was changed since', async (context) => {
  const host = await TemporaryHost.start(context, { 'action.d/fail2networkban.conf': '# of before\n[Definition]\n' });
  await host.setUp();
  const ini = await host.read('etc/fail2networkban/client.ini');
  await host.write('etc/fail2networkban/client.ini', `[agent]\nlog_level = warn\n${ini}`);
  const { isComplete, said } = await host.undo();
  assert.equal(isComplete, false);
  assert.match(said, /^stays: \S+\/client\.ini: it was changed since \(there was none before setup\)$/m);
  assert.match(said, /^stays: \S+\/main\.key: it belongs to one that stays/m);
  assert.equal(await host.read(actionFile), '# of before\n[Definition]\n');
  assert.equal(await host.actions('sshd'), 'mark');
  await rm(host.path('etc/fail2networkban/client.ini'));
  assert.equal((await host.undo()).isComplete, true);
  await assert.rejects(stat(host.path('etc/fail2networkban/main.key')));
});

testWithEnding('jails whose file was changed since keep the action that they need', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.setUp();
  await appendFile(host.path(jailFile), '# mine\n');
  const { said } = await host.undo();
  assert.match(said, /^stays: \S+zz-fail2networkban\.local: it was changed since/m);
  assert.equal(await host.actions('sshd'), 'mark, fail2networkban');
  await host.client('-t');
});

testWithEnding('leaves all as it is when fail2ban would not take its files without what goes', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.setUp({ jails: ['sshd'] });
  await host.write('etc/fail2ban/jail.local', '[web]\naction = fail2networkban\n');
  const before = await host.tree();
  await assert.rejects(
    host.undo(),
    /^Error: fail2ban does not take its files without setup's: .*are as setup made them again$/s,
  );
  assert.deepEqual(await host.tree(), before);
  assert.equal(await host.actions('sshd'), 'mark, fail2networkban');
});
