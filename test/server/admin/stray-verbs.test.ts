import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { strayVerbs } from '../../../server/admin/stray-verbs.ts';
import { showStrays } from '../../../server/commands/show/show-strays.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { ServerOnProxmox } from '../enforcers/ownership/server-on-proxmox.ts';
import { startProxmox } from '../enforcers/proxmox/emulated-ipset.ts';

const lines = [
  '203.0.113.1 # f2nb:p7q2 sshd web1',
  '203.0.113.2 # f2nb:p7q2 sshd web1',
  '203.0.113.3 # f2nb:r5s6 sshd web1',
  '203.0.113.4 # f2nb:k3x9 sshd web1',
  '203.0.113.5 # f2nb sshd web9',
  '203.0.113.6 # mine',
  '192.0.2.9 # f2nb:p7q2 sshd web1',
];

async function foundBy(t: TestContext) {
  const proxmox = await startProxmox({ clusterFw: `[IPSET blacklist]\n\n${lines.join('\n')}\n\n` });
  const server = await ServerOnProxmox.start(proxmox, 'k3x9');
  t.after(async () => {
    await server.stop();
    await proxmox.close();
  });
  await server.rest();
  const { record, writer } = server.core;
  const verbs = new Map(strayVerbs({ actor: 'operator', record, writer, ...server }));
  const ask = async (verb: string, args: Readonly<Record<string, unknown>>) => {
    const answer: unknown = await verbs.get(verb)?.(args);
    assert.ok(isObject(answer));
    return answer;
  };
  const held = (): string[] =>
    proxmox
      .entriesOf('blacklist')
      .map(({ cidr }) => cidr)
      .sort();
  return { proxmox, server, ask, held, all: held() };
}

describe('entries that nobody here looks after', () => {
  for (const verb of ['adopt', 'clear']) {
    it(`are only listed by ${verb} without --yes`, async (t) => {
      const { proxmox, ask, held, all } = await foundBy(t);
      const answer = await ask(verb, { id: 'p7q2' });
      assert.equal(answer['outcome'], 'listed');
      assert.match(
        showStrays(answer),
        /^proxmox\/main: 3 entries of ledger p7q2, .*\n {2}203\.0\.113\.1 {2}f2nb:p7q2\n/,
      );
      assert.match(showStrays(answer), /Nothing was changed\. With --yes/);
      assert.deepEqual([held(), proxmox.log.writes], [all, 0]);
    });

    it(`are named when ${verb} is asked about others`, async (t) => {
      const { ask } = await foundBy(t);
      await assert.rejects(ask(verb, { id: 'zzzz', yes: true }), {
        message: 'id: "zzzz" is not found; there is: p7q2, r5s6, k3x9, old',
      });
    });
  }

  it('go with clear, those of the one ledger alone', async (t) => {
    const { ask, held, all } = await foundBy(t);
    assert.equal((await ask('clear', { id: 'p7q2', yes: true }))['outcome'], 'done');
    assert.deepEqual(
      held(),
      all.filter((each) => !['203.0.113.1', '203.0.113.2', '192.0.2.9'].includes(each)),
    );
    assert.equal((await ask('clear', { id: 'old', yes: true }))['outcome'], 'done');
    assert.equal((await ask('clear', { id: 'k3x9', yes: true }))['outcome'], 'done');
    assert.deepEqual(held(), ['203.0.113.3', '203.0.113.6']);
  });

  it('stay with clear where they are banned here, and those that come later', async (t) => {
    const { proxmox, server, ask, held } = await foundBy(t);
    await server.ban('203.0.113.1');
    await ask('clear', { id: 'p7q2', yes: true });
    assert.ok(held().includes('203.0.113.1') && !held().includes('203.0.113.2'));
    proxmox.writeClusterFw(
      `${proxmox.readClusterFw() ?? ''}`.replace('203.0.113.3 #', '203.0.113.33 # f2nb:p7q2 a b\n203.0.113.3 #'),
    );
    await server.pass();
    assert.ok(held().includes('203.0.113.33'));
  });

  it('stay after clear when the other ledger puts the very same ones in again', async (t) => {
    const { proxmox, server, ask, held } = await foundBy(t);
    await ask('clear', { id: 'p7q2', yes: true });
    assert.ok(!held().includes('203.0.113.2'));
    proxmox.writeClusterFw(
      `${proxmox.readClusterFw() ?? ''}`.replace('203.0.113.3 #', '203.0.113.2 # f2nb:p7q2 a b\n203.0.113.3 #'),
    );
    await server.pass();
    assert.ok(held().includes('203.0.113.2'));
  });

  const gone = { p7q2: ['203.0.113.1', '203.0.113.2'], k3x9: ['203.0.113.4'], old: ['203.0.113.5'] } as const;
  for (const [id, ended] of Object.entries(gone)) {
    it(`go on with an end after adopt ${id}, but for what may not be banned`, async (t) => {
      const { proxmox, server, ask, held, all } = await foundBy(t);
      const answer = await ask('adopt', { id, ttl: '1h', yes: true });
      assert.equal(answer['outcome'], 'done');
      assert.equal(answer['recorded'], ended.length);
      if (id === 'p7q2') assert.match(showStrays(answer), /^not recorded: 192\.0\.2\.9: .*whitelist/m);
      assert.deepEqual([held(), proxmox.log.writes], [all, 0]);
      await server.advance(3_601_000);
      assert.deepEqual(
        held(),
        all.filter((each) => !ended.some((network) => network === each)),
      );
    });
  }

  it('are looked after by the next start too, once they were taken over', async (t) => {
    const { server, ask } = await foundBy(t);
    await ask('adopt', { id: 'p7q2', yes: true });
    assert.deepEqual((await server.core.ledger.load()).marks, ['mem1', 'p7q2']);
  });
});
