import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ProxmoxIpset } from '../../../../server/enforcers/proxmox/proxmox-ipset.ts';
import { entry, network, ReconcilerBench, resyncMs } from '../../../contracts/reconciler-bench.ts';
import type { Fault } from '../../../emulators/proxmox/behaviour/faults.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { until } from '../../../until.ts';
import { editIpset, ipsetOn, startProxmox } from './emulated-ipset.ts';

describe('ProxmoxIpset', () => {
  const signal = new AbortController().signal;
  let proxmox: EmulatedProxmox;
  let clock: ManualClock;
  const benches: ReconcilerBench[] = [];

  beforeEach(async () => {
    clock = new ManualClock();
    proxmox = await startProxmox();
  });
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.stop();
    await proxmox.close();
  });

  function startBench(enforcer: ProxmoxIpset = ipsetOn(proxmox, clock)): ReconcilerBench {
    const bench = new ReconcilerBench(enforcer, clock);
    benches.push(bench);
    return bench;
  }

  const held = (ipset = 'blacklist'): string[] =>
    proxmox
      .entriesOf(ipset)
      .map(({ cidr }) => cidr)
      .sort();

  describe('the ipset itself', () => {
    it('is made when absent, next to what else there is', async () => {
      proxmox.writeClusterFw('[OPTIONS]\n\nenable: 1\n\n[IPSET management]\n\n192.0.2.200\n\n');
      assert.deepEqual(await ipsetOn(proxmox).list(signal), []);
      assert.match(
        proxmox.readClusterFw() ?? '',
        /enable: 1\n.*\[IPSET blacklist\] # fail2networkban\n.*192\.0\.2\.200\n/s,
      );
    });

    it('is made again when the administrator deleted it, with all that is desired', async () => {
      const bench = startBench();
      bench.want(entry('192.0.2.1'), entry('192.0.2.2', 2));
      bench.start();
      await bench.reaches('in-sync');
      proxmox.writeClusterFw('[OPTIONS]\n\nenable: 1\n\n');
      bench.want(entry('192.0.2.3', 3));
      bench.reconciler.notify();
      await bench.reaches('failing');
      await bench.pass(1_000);
      assert.deepEqual(held(), ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    });

    it('is not made because Proxmox is in trouble', async () => {
      proxmox.conditions.clusterFilesystemRunning = false;
      await assert.rejects(ipsetOn(proxmox).list(signal), { code: 'retry' });
      assert.equal(proxmox.log.writes, 0);
    });

    it('stays when the last entry goes', async () => {
      const bench = startBench();
      bench.want(entry('192.0.2.1'));
      bench.start();
      await bench.reaches('in-sync');
      bench.unwant('192.0.2.1');
      await bench.settle();
      assert.match(proxmox.readClusterFw() ?? '', /\[IPSET blacklist\]/);
    });
  });

  describe('a fault of one write', () => {
    const faults: readonly Fault[] = [
      { kind: '595' },
      { kind: '596-dropped' },
      { kind: '596-carried-out', delayMs: 0 },
      { kind: '596-carried-out', delayMs: 0, carriedOutAfterMs: 5 },
      { kind: 'lock-timeout', delayMs: 0 },
      { kind: 'no-quorum', delayMs: 0 },
      { kind: 'unauthorized', delayMs: 0 },
      { kind: 'truncated-json' },
      { kind: 'connection-ends' },
      { kind: 'connection-ends-after' },
      { kind: 'slow', delayMs: 5 },
    ];
    for (const fault of faults) {
      it(`heals and leaves the list exactly right: ${JSON.stringify(fault)}`, async () => {
        const bench = startBench();
        bench.want(...numbered(4));
        bench.start();
        await bench.reaches('in-sync');
        for (const method of ['POST', 'DELETE']) proxmox.faults.next(fault, { method });
        bench.want(entry('192.0.2.100', 100));
        bench.unwant('192.0.2.0');
        bench.reconciler.notify();
        // Each fault ends in a pause, or is not noticed at all.
        while (held().join() !== '192.0.2.1,192.0.2.100,192.0.2.2,192.0.2.3' || bench.state !== 'in-sync') {
          await until(() => ['in-sync', 'failing'].includes(bench.state) && clock.waiting > 0, 'it rests');
          clock.advance(60_000);
        }
        assert.equal(proxmox.faults.pending, 0);
      });
    }
  });

  it('survives a pvedaemon that hangs and does later what was asked of it', async () => {
    const bench = startBench();
    bench.want(entry('192.0.2.1'));
    proxmox.writeClusterFw('[IPSET blacklist]\n\n');
    proxmox.conditions.daemon = 'hanging';
    bench.start();
    await bench.reaches('failing');
    assert.match(failureOf(bench), /596.*may have been carried out/);
    proxmox.conditions.daemon = 'running';
    await bench.pass(1_000);
    assert.deepEqual(held(), ['192.0.2.1']);
  });

  it('waits out a lock that somebody holds', async () => {
    const bench = startBench();
    bench.want(entry('192.0.2.1'));
    proxmox.writeClusterFw('[IPSET blacklist]\n\n');
    proxmox.conditions.lockHeldUntil = Number.POSITIVE_INFINITY;
    bench.start();
    for (const pause of [1_000, 2_000, 4_000]) {
      await bench.reaches('failing');
      assert.equal(clock.nextInMs, pause);
      clock.advance(pause);
    }
    await bench.reaches('failing');
    assert.match(failureOf(bench), /lock request timeout/);
    proxmox.conditions.lockHeldUntil = 0;
    await bench.pass(8_000);
    assert.deepEqual(held(), ['192.0.2.1']);
  });

  for (const [token, text] of [
    ['f2nb@pve!expired', /401.*pveum user token/],
    ['f2nb@pve!none', /403.*Sys\.Audit.*pveum acl/],
    ['f2nb@pve!audit', /403.*Sys\.Modify.*pveum acl/],
    ['f2nb@pve!modify', /403.*Sys\.Audit.*pveum acl/],
    ['weak@pve!sep', /403/],
  ] as const) {
    it(`says what the operator must do about the token ${token}, and tries again in a minute`, async () => {
      const bench = startBench(ipsetOn(proxmox, clock, proxmox.tokenOf(token)));
      bench.want(entry('192.0.2.1'));
      bench.start();
      await bench.reaches('failing');
      assert.match(failureOf(bench), text);
      assert.equal(clock.nextInMs, 60_000);
      assert.ok(!failureOf(bench).includes(proxmox.tokenOf(token).split('=')[1] ?? ''));
    });
  }

  it('goes on with the token once it is valid again', async () => {
    proxmox.revokedTokens.add('f2nb@pve!server');
    const bench = startBench();
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('failing');
    proxmox.revokedTokens.delete('f2nb@pve!server');
    await bench.pass(60_000);
    assert.deepEqual(held(), ['192.0.2.1']);
  });

  it('is enough with privileges that stop at /', async () => {
    const bench = startBench(ipsetOn(proxmox, clock, proxmox.tokenOf('f2nb@pve!noprop')));
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
  });

  it('does not keep two Proxmox from each other', async () => {
    const other = await startProxmox();
    try {
      const broken = startBench();
      const sound = startBench(ipsetOn(other, clock));
      proxmox.conditions.daemon = 'stopped';
      for (const bench of [broken, sound]) {
        bench.want(...numbered(5));
        bench.start();
      }
      await broken.reaches('failing');
      await sound.reaches('in-sync');
      assert.equal(other.entriesOf('blacklist').length, 5);
      assert.equal(held().length, 0);
    } finally {
      await other.close();
    }
  });

  it("says that the administrator's exception stands in the way of a ban, and leaves it", async () => {
    proxmox.writeClusterFw('[IPSET blacklist]\n\n!192.0.2.1 # not this one\n\n');
    const bench = startBench();
    bench.want(entry('192.0.2.1'), entry('192.0.2.2'));
    bench.start();
    await bench.reaches('in-sync');
    assert.match(bench.eventsOf('rejected')[0]?.reason ?? '', /exception !192\.0\.2\.1/);
    assert.equal(bench.reconciler.enforcementOf(network('192.0.2.1'), true).state, 'refused');
    bench.unwant('192.0.2.1');
    await bench.settle();
    await bench.pass(resyncMs);
    assert.deepEqual(held(), ['192.0.2.1', '192.0.2.2']);
  });

  it('rejects what Proxmox never takes, and goes on', async () => {
    const bench = startBench();
    bench.want(entry('0.0.0.0/0', 9), entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    assert.deepEqual(
      bench.eventsOf('rejected').map((event) => event.network),
      ['0.0.0.0/0'],
    );
    assert.deepEqual(held(), ['192.0.2.1']);
  });

  it('removes entries of ours in whatever spelling they stand there', async () => {
    const lines = [
      '2001:DB8::A # f2nb:test sshd',
      '2001:0db8:0:0:0:0:0:b # f2nb:test sshd',
      '10.0.0.5/24 # f2nb:test sshd',
    ];
    proxmox.writeClusterFw(`[IPSET blacklist]\n\n${lines.join('\n')}\n2001:DB8::C # mine\n\n`);
    const bench = startBench();
    bench.start();
    await bench.reaches('in-sync');
    assert.deepEqual(held(), ['2001:DB8::C']);
  });

  describe('beside a line of somebody else', () => {
    const foreign: readonly string[] = [
      '203.0.113.201 scanner of march',
      '203.0.113.201',
      '203.0.113.201\r',
      '203.0.113.201 # f2nb-like',
      '192.0.2.300',
      '1.2.3 # f2nb sshd web1',
      '0.0.0.0/0',
      '!203.0.113.7',
      '! ! !',
      'nobody',
      'office',
      'dc/OFFICE # f2nb sshd web1',
      'guest/office',
      'local_network',
      '[BOGUS]',
      '\u0001\u00ff',
    ];
    for (const line of foreign) {
      it(`goes on with bans and unbans, and keeps what it means: ${JSON.stringify(line)}`, async () => {
        proxmox.writeClusterFw(
          `[ALIASES]\n\noffice 203.0.113.50\n\n[IPSET blacklist]\n\n203.0.113.200\n${line}\n203.0.113.202\n\n`,
        );
        const foreignEntries = proxmox.entriesOf('blacklist').map(({ cidr }) => cidr || '!');
        const bench = startBench();
        bench.want(entry('192.0.2.1'), entry('192.0.2.2'));
        bench.start();
        await bench.reaches('in-sync');
        bench.unwant('192.0.2.1');
        await bench.settle();
        await bench.pass(resyncMs);
        assert.deepEqual(held(), [...foreignEntries, '192.0.2.2'].sort());
        assert.deepEqual(bench.eventsOf('failed'), []);
      });
    }

    it('takes what an alias means for present', async () => {
      proxmox.writeClusterFw('[ALIASES]\n\noffice 203.0.113.0/28\n\n[IPSET blacklist]\n\ndc/Office\n\n');
      const bench = startBench();
      bench.want(entry('203.0.113.0/28'));
      bench.start();
      await bench.reaches('in-sync');
      assert.deepEqual([held(), bench.reconciler.counts()], [['dc/Office'], { ours: 0, theirs: 1 }]);
    });
  });

  it("leaves an administrator's line alone that stands there beside the same line of ours", async () => {
    proxmox.writeClusterFw('[IPSET blacklist]\n\n192.0.2.1 # f2nb:test sshd\n192.0.2.1 # mine\n\n');
    const bench = startBench();
    bench.start();
    await bench.reaches('in-sync');
    assert.match(proxmox.readClusterFw() ?? '', /192\.0\.2\.1 # mine/);
  });

  it('looks again before it removes what it saw long ago', async () => {
    const bench = startBench();
    bench.want(entry('192.0.2.1'), entry('192.0.2.2'));
    bench.start();
    await bench.reaches('in-sync');
    clock.advance(60_000);
    editIpset(proxmox, (lines) =>
      lines.map((line) => line.replace('192.0.2.1 # f2nb:test', '192.0.2.1 # taken over from f2nb')),
    );
    proxmox.log.clear();
    bench.unwant('192.0.2.1', '192.0.2.2');
    await bench.settle();
    assert.deepEqual(held(), ['192.0.2.1']);
    assert.deepEqual(
      proxmox.log.entries.map(({ method }) => method),
      ['GET', 'DELETE'],
    );
  });

  it('writes who claims a network into the comment', async () => {
    const bench = startBench();
    bench.want({ ...entry('192.0.2.1'), note: 'sshd web1' });
    bench.start();
    await bench.reaches('in-sync');
    assert.match(proxmox.readClusterFw() ?? '', /^192\.0\.2\.1 # f2nb:test sshd web1$/m);
  });

  it('keeps options, rules and other ipsets as they are', async () => {
    const before =
      '[OPTIONS]\n\nenable: 1\n\n[IPSET office]\n\n192.0.2.250 # f2nb-like\n\n[RULES]\n\nIN ACCEPT -p tcp -dport 22\n\n';
    proxmox.writeClusterFw(before);
    const bench = startBench();
    bench.want(...numbered(3));
    bench.start();
    await bench.reaches('in-sync');
    bench.unwant('192.0.2.0', '192.0.2.1', '192.0.2.2');
    await bench.settle();
    const after = (proxmox.readClusterFw() ?? '').replace('[IPSET blacklist] # fail2networkban\n\n\n', '');
    assert.equal(after, before);
  });

  describe('what it costs', () => {
    /** What else stands in the file is asked for once: options, aliases, rules, ipsets, groups. */
    const readsOfTheRest = 5;

    it('fills an ipset with one GET and one POST an entry, 95 of them a connection', async () => {
      proxmox.writeClusterFw('[IPSET blacklist]\n\n');
      const bench = startBench();
      bench.want(...numbered(200));
      bench.start();
      await bench.reaches('in-sync');
      assert.equal(proxmox.log.reads, 1 + readsOfTheRest);
      assert.equal(proxmox.log.writes, 200);
      assert.equal(proxmox.log.handshakes, 3);
    });

    it('puts a fresh ban behind a backlog of 2,000 in with the second call', async () => {
      proxmox.writeClusterFw('[IPSET blacklist]\n\n');
      const bench = startBench();
      bench.want(...Array.from({ length: 2_000 }, (_, at) => entry(`10.1.${at >> 8}.${at & 255}`, at)));
      bench.start();
      await until(() => proxmox.log.writes === 20, 'the backlog is being worked off');
      bench.want(entry('203.0.113.66', 10_000));
      bench.reconciler.notify();
      const before = proxmox.log.writes;
      await until(() => held().includes('203.0.113.66'), 'the fresh ban is in');
      const position = proxmox.log.entries.filter(({ method }) => method === 'POST').length;
      assert.ok(position - before <= 3, `${position - before} calls`);
      assert.ok(bench.enforcer.applies.indexOf('+203.0.113.66') - before <= 1);
    });

    it('costs a restart with 5,000 standing bans one GET and no write', async () => {
      const bans = Array.from({ length: 5_000 }, (_, at) => entry(`10.1.${at >> 8}.${at & 255}`, at));
      const lines = bans.map(({ network: each }) => `${each} # f2nb:test sshd web1\n`).join('');
      proxmox.writeClusterFw(`[IPSET blacklist]\n\n${lines}\n`);
      const bench = startBench();
      bench.want(...bans);
      bench.start();
      await bench.reaches('in-sync');
      assert.deepEqual([proxmox.log.reads, proxmox.log.writes], [1 + readsOfTheRest, 0]);
    });
  });
});

function failureOf(bench: ReconcilerBench): string {
  const { state } = bench.reconciler;
  return state.kind === 'failing' ? state.reason : `not failing but ${state.kind}`;
}

function numbered(count: number): ReturnType<typeof entry>[] {
  return Array.from({ length: count }, (_, at) => entry(`192.0.2.${at}`, at));
}
