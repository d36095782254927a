import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFail2ban } from '../../../client/fail2ban-client.ts';
import { makeLocalVerbs } from '../../../client/local-verbs.ts';
import { systemClock } from '../../../shared/clock.ts';
import { serveLocalSocket } from '../../../shared/host/local-socket.ts';
import { testWithEnding } from '../../ending.ts';
import { until } from '../../until.ts';
import { addressOf, settingsFor, startAgent, startServer } from '../agent-under-test.ts';
import { TemporaryHost } from './temporary-host.ts';

testWithEnding(
  "undo takes this host's bans off the servers, while fail2ban and other hosts keep theirs",
  async (context) => {
    const [host, server] = [await TemporaryHost.start(context), await startServer(context)];
    await host.setUp();
    const { agent: places, ...settings } = settingsFor(host.root, [addressOf(server)]);
    const spool = host.path('var/spool/fail2networkban');
    const state = host.path('var/lib/fail2networkban-agent');
    const fail2ban = makeFail2ban({ program: 'fail2ban-client', socket: host.path('fail2ban.sock') });
    const running = await startAgent(context, { ...settings, agent: { ...places, spool, state } }, { fail2ban });
    const socket = host.path('run/fail2networkban-agent/agent.sock');
    await mkdir(dirname(socket), { recursive: true });
    const close = await serveLocalSocket(socket, makeLocalVerbs(running.agent, systemClock));
    await server.when(() => server.logins === 1);
    await host.client('set', 'sshd', 'banip', '203.0.113.7');
    await until(() => server.has('sshd', '203.0.113.7'), 'the ban is at the server');
    const first = await host.undo();
    assert.deepEqual([first.isComplete, server.has('sshd', '203.0.113.7')], [false, false]);
    assert.match(
      first.said,
      /reload\nwithdraw .*\nmain: 1 ban withdrawn\nThe agent still runs, and is not systemd's: /,
    );
    assert.match(await host.client('get', 'sshd', 'banip'), /203\.0\.113\.7/);
    assert.equal(await host.actions('sshd'), 'mark');
    await running.stop();
    await close();
    const second = await host.undo();
    assert.equal(second.isComplete, true);
    assert.match(second.said, /^stays: \S+var\/lib\/fail2networkban-agent: .*; to remove it: rm -r \S+$/m);
  },
);

testWithEnding('undo says what lifts the bans on the server where it cannot be reached', async (context) => {
  const [host, server] = [await TemporaryHost.start(context), await startServer(context)];
  await host.setUp();
  const { agent: places, ...settings } = settingsFor(host.root, [addressOf(server)]);
  const running = await startAgent(context, { ...settings, agent: places });
  const socket = host.path('run/fail2networkban-agent/agent.sock');
  await mkdir(dirname(socket), { recursive: true });
  context.after(await serveLocalSocket(socket, makeLocalVerbs(running.agent, systemClock)));
  await server.when(() => server.logins === 1);
  await server.close();
  await until(
    () => running.agent.destinations.every(({ courier }) => courier.state.kind !== 'connected'),
    'it is away',
  );
  const { said } = await host.undo();
  assert.match(
    said,
    /^stays: bans of this host, if it holds any at main: .*\n {7}to lift them, on the server: .* client revoke web1 --lift-bans$/m,
  );
});

testWithEnding('undo works when half of it is gone already', async (context) => {
  const host = await TemporaryHost.start(context, { 'action.d/fail2networkban.conf': '# of before\n[Definition]\n' });
  await host.hasSystemd(['ProtectSystem=no']);
  await host.setUp();
  await rm(host.path('agent-runs'));
  await rm(host.path('etc/fail2networkban/main.key'));
  await rm(host.path('etc/fail2ban/jail.d/zz-fail2networkban.local'));
  await rm(host.path('var/spool/fail2networkban'), { recursive: true });
  const record = host.path('var/lib/fail2networkban-agent/setup');
  for (const name of await readdir(record)) if (name.endsWith('.before')) await rm(join(record, name));
  const { isComplete, said } = await host.undo();
  assert.equal(isComplete, false);
  assert.match(said, /^stays: \S+action\.d\/fail2networkban\.conf: the copy of what was there is gone/m);
  assert.doesNotMatch(said, /systemctl disable|to remove it: rm -r \S+fail2networkban-agent$/m);
  await rm(host.path('etc/fail2ban/action.d/fail2networkban.conf'));
  assert.equal((await host.undo()).isComplete, true);
});
