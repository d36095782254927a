import assert from 'node:assert/strict';
import { testWithEnding } from '../../ending.ts';
import { TemporaryHost } from './temporary-host.ts';

testWithEnding('takes everything back when a jail does not start again, and says which cannot', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.write('etc/fail2ban/filter.d/broken.conf', '[Definition]\nfailregex = ^ fa(iled <HOST>\n');
  await host.write('etc/fail2ban/jail.local', '[web]\nfilter = broken\n');
  const before = await host.tree();
  await assert.rejects(host.setUp(), /reload --restart web: .*\nbut not all could be taken back: .*--restart web: /s);
  assert.deepEqual(await host.tree(), before);
  assert.equal(await host.actions('sshd'), 'mark');
});

testWithEnding('changes nothing when fail2ban is configured wrongly already', async (context) => {
  const host = await TemporaryHost.start(context);
  await host.write('etc/fail2ban/jail.local', '[web]\naction = absent\n');
  const before = await host.tree();
  await assert.rejects(host.setUp(), /^Error: the configuration of fail2ban is wrong before setup changes anything/);
  assert.deepEqual(await host.tree(), before);
});
