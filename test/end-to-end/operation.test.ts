import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { makeCertificates } from '../certificates.ts';
import { handOver } from './action-text.ts';
import type { AgentProcess } from './agent-process.ts';
import { Fleet } from './fleet.ts';
import { RawClient } from './raw-client.ts';
import { settleList } from './settle-list.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

describe('an operator', { concurrency: 3, timeout: suiteMaxMs }, () => {
  it('who edits cluster.fw by hand gets back what was removed of ours, and keeps what was added', async (context) => {
    const fleet = await Fleet.start(context);
    const { proxmox, server } = fleet;
    const { agent } = await fleet.host('web1');
    await handOver('actionban', ['203.0.113.1', '203.0.113.3'], agent.spool);
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
    const foreign = '203.0.113.5 # mine too\n';
    const withoutFirst = (proxmox.readClusterFw() ?? '').replace(/^203\.0\.113\.1 .*\n/m, '');
    proxmox.writeClusterFw(withoutFirst.replace(/^203\.0\.113\.3 .*\n/m, (line) => line + foreign));
    await server.ask('reconcile');
    await waitUntil('what was removed is back', () => (proxmox.readClusterFw() ?? '').includes('\n203.0.113.1 # f2nb'));
    // A ban of what the administrator blocks already is enforced without us, and its end is none of our business.
    const ban = await agent.command('ban', '203.0.113.5', '--jail', 'sshd', '--ttl', '1h', '--wait');
    assert.equal(ban.code, 0, ban.stdout);
    await agent.command('unban', '203.0.113.5', '--jail', 'sshd');
    await server.ask('reconcile');
    const text = proxmox.readClusterFw() ?? '';
    assert.ok(text.includes(`\n${foreign}`), text);
    proxmox.writeClusterFw(text.replace(foreign, ''));
    fleet.assertBlocks(['203.0.113.1', '203.0.113.3']);
  });

  it('who panics has all our entries gone until resume, over a restart too, and no ban is lost', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent } = await fleet.host('web1');
    await handOver('actionban', ['203.0.113.1', '203.0.113.3'], agent.spool);
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
    await fleet.server.ask('panic');
    await fleet.blocks([]);
    await fleet.server.kill();
    await fleet.server.start();
    await handOver('actionban', ['203.0.113.5'], agent.spool);
    await waitUntil('the server has recorded it', async () => (await fleet.server.ask('status'))['bans'] === 3);
    fleet.assertBlocks([]);
    await fleet.server.ask('resume');
    await fleet.blocks(['203.0.113.1', '203.0.113.3', '203.0.113.5']);
  });

  it('who whitelists in server.ini and sends SIGHUP has what it covers opened, and refused from then on', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent } = await fleet.host('web1');
    await handOver('actionban', ['203.0.113.1', '203.0.113.77', '2001:db8:a::1'], agent.spool);
    await fleet.blocks(['203.0.113.1', '203.0.113.77', '2001:db8:a::1']);
    await fleet.server.writeConfig(['whitelist = 203.0.113.64/26, 2001:db8:a::/48']);
    fleet.server.program.signal('SIGHUP');
    await fleet.blocks(['203.0.113.1']);
    const refused = await agent.command('ban', '203.0.113.80', '--jail', 'sshd', '--ttl', '1h');
    assert.deepEqual([refused.code, /whitelisted/.test(refused.stdout)], [2, true], refused.stdout);
    await fleet.server.writeConfig(['whitelist = everything']);
    fleet.server.program.signal('SIGHUP');
    await fleet.server.program.said(/the configuration stays as it was/);
    fleet.assertBlocks(['203.0.113.1']);
    await fleet.server.writeConfig([]);
    fleet.server.program.signal('SIGHUP');
    await fleet.blocks(['203.0.113.1', '203.0.113.77', '2001:db8:a::1']);
  });

  it('who unbans has it stay open though the jail still lists it, until the jail bans it anew', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent, fail2ban } = await fleet.host('web1', { jails: [{ name: 'sshd', bantimeSeconds: 3_600 }] });
    await fail2ban.client('set', 'sshd', 'banip', '203.0.113.1', '203.0.113.3');
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
    const { stdout } = await fleet.server.command('unban', '203.0.113.1');
    assert.match(stdout, /^203\.0\.113\.1: 1 report lifted: sshd@web1$/m);
    const settled = 'main: 0 added, 1 lifted by an operator, still in the jail';
    assert.equal(await settleList(agent, 'sshd'), settled);
    const unknown = await agent.command('resend', 'nginx');
    assert.deepEqual([unknown.code, /those with it: sshd/.test(unknown.stdout)], [64, true], unknown.stdout);
    const looked = await fleet.server.command('lookup', '203.0.113.1');
    assert.match(looked.stdout, /^not banned\nlifted by an operator, still in the jail: sshd@web1 for /);
    await fleet.blocks(['203.0.113.3']);
    await fleet.server.kill();
    await fleet.server.start();
    await waitUntil('the host is back', async () => (await connectedSince(fleet, 'web1')) > 0);
    assert.equal(await settleList(agent, 'sshd'), settled);
    await fleet.blocks(['203.0.113.3']);
    await fail2ban.client('set', 'sshd', 'unbanip', '203.0.113.1');
    await fail2ban.client('set', 'sshd', 'banip', '203.0.113.1');
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
  });

  it('who revokes a connected client has it sent away at once; its bans stay unless they are lifted', async (context) => {
    const fleet = await Fleet.start(context);
    const [web, mail] = [await fleet.host('web1'), await fleet.host('mail1')];
    await handOver('actionban', ['203.0.113.1'], web.agent.spool);
    await handOver('actionban', ['203.0.113.3'], mail.agent.spool);
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
    await fleet.server.ask('client', 'revoke', 'web1');
    await waitUntil('it is sent away', async () => (await codeOf(web.agent)) === 'unauthenticated');
    await handOver('actionban', ['203.0.113.5'], web.agent.spool);
    await waitUntil('it keeps its ban', async () => (await web.agent.waiting()) === 1);
    await fleet.server.ask('client', 'revoke', 'mail1', '--lift-bans');
    await fleet.blocks(['203.0.113.1']);
  });

  it('who changes what a connected client may do sees it take effect; its bans by hand need no jail', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent } = await fleet.host('web1', {
      enrolment: await fleet.server.enrolmentFor('web1', '--jails', 'sshd'),
    });
    const byHand = await agent.command('ban', '203.0.113.1', '--ttl', '1h');
    assert.equal(byHand.code, 0, byHand.stdout);
    const nginx = ['ban', '203.0.113.3', '--jail', 'nginx', '--ttl', '1h'] as const;
    const refused = await agent.command(...nginx);
    assert.deepEqual([refused.code, /client set web1 --jails 'sshd,nginx'/.test(refused.stdout)], [2, true]);
    const before = await connectedSince(fleet, 'web1');
    const { code, stdout } = await fleet.server.command('client', 'set', 'web1', '--jails', 'sshd,nginx');
    assert.deepEqual([code, stdout], [0, 'web1: may ban,unban, jails sshd,nginx\n']);
    await waitUntil('it is back', async () => (await connectedSince(fleet, 'web1')) > before);
    assert.equal((await agent.command(...nginx)).code, 0);
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
  });

  it('who rotates a key leaves the old one good for the overlap and not longer', async (context) => {
    const fleet = await Fleet.start(context);
    const first = await fleet.server.enrolmentFor('web1');
    const { agent } = await fleet.host('web1', { enrolment: first });
    const second = await rotate(fleet, '1h');
    for (const line of [first, second]) await (await RawClient.connect(line, fleet.certificates.caFile)).close();
    await handOver('actionban', ['203.0.113.1'], agent.spool);
    await fleet.blocks(['203.0.113.1']);

    // The old key must not stay good because it is in use.
    const before = await connectedSince(fleet, 'web1');
    const third = await rotate(fleet, '5s');
    assert.equal(await connectedSince(fleet, 'web1'), before);
    await waitUntil('the old keys have ended', async () => (await codeOf(agent)) === 'unauthenticated');
    for (const line of [first, second]) {
      await assert.rejects(RawClient.connect(line, fleet.certificates.caFile), /unauthenticated/);
    }
    await handOver('actionban', ['203.0.113.3'], agent.spool);
    await enrollAgain(agent, third);
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
  });

  it('who replaces the certificate and sends SIGHUP cuts off nobody who is connected', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent } = await fleet.host('web1');
    const { certFile, keyFile, caFile } = fleet.certificates;
    const replaced = await makeCertificates(`${fleet.dir}/replaced`);
    await cp(replaced.certFile, certFile);
    await cp(replaced.keyFile, keyFile);
    fleet.server.program.signal('SIGHUP');
    const line = await waitForPin(fleet, replaced.caFile);
    await assert.rejects(RawClient.connect(line, caFile), /certificate/);
    await handOver('actionban', ['203.0.113.1'], agent.spool);
    await fleet.blocks(['203.0.113.1']);

    await agent.stop();
    await agent.start();
    await waitUntil(
      'the pin of another certificate is not believed',
      async () => (await codeOf(agent)) === 'untrusted',
    );
    await handOver('actionban', ['203.0.113.3'], agent.spool);
    await enrollAgain(agent, await rotate(fleet, '1h'));
    await fleet.blocks(['203.0.113.1', '203.0.113.3']);
  });
});

/** Why the agent is not connected; undefined when it is. */
async function codeOf(agent: AgentProcess): Promise<string | undefined> {
  const { servers } = (await agent.ask('status')) as { servers: { state: { code?: string } }[] };
  return servers[0]?.state.code;
}

/** Milliseconds since the epoch; 0 when the client is not connected. */
async function connectedSince({ server }: Fleet, client: string): Promise<number> {
  const { connected } = (await server.ask('status')) as { connected: { client: string; since: number }[] };
  return connected.find((each) => each.client === client)?.since ?? 0;
}

async function rotate({ server }: Fleet, overlap: string): Promise<string> {
  const { enrolment } = await server.ask('client', 'rotate', 'web1', '--overlap', overlap);
  return String(enrolment);
}

async function enrollAgain(agent: AgentProcess, line: string): Promise<void> {
  const { code, stderr } = await agent.command('enroll', line, '--name', 'main', '--force');
  assert.equal(code, 0, stderr);
  agent.program.signal('SIGHUP');
}

/** Waits until new connections get the certificate of another authority. @returns an enrolment line that was used for it */
async function waitForPin({ server }: Fleet, caFile: string): Promise<string> {
  const line = await server.enrolmentFor('probe1');
  await waitUntil('new connections get the new certificate', () =>
    RawClient.connect(line, caFile).then(
      (client) => client.close().then(() => true),
      () => false,
    ),
  );
  return line;
}
