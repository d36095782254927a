import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import { Ownership } from '../../../../server/enforcers/ownership/ownership.ts';
import { Traces } from '../../../../server/enforcers/ownership/traces.ts';
import type { HeldEntry } from '../../../../shared/enforcer.ts';
import type { Network } from '../../../../shared/network.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { network } from '../../samples.ts';
import { startProxmox } from '../proxmox/emulated-ipset.ts';
import { ServerOnProxmox } from './server-on-proxmox.ts';

describe('entries of which the ledger knows nothing', () => {
  let proxmox: EmulatedProxmox;
  let server: ServerOnProxmox | undefined;
  before(async () => {
    proxmox = await startProxmox();
  });
  after(() => proxmox.close());
  afterEach(() => server?.stop());

  async function startOn(lines: readonly string[], from?: ServerOnProxmox): Promise<ServerOnProxmox> {
    const before = await from?.stop();
    proxmox.writeClusterFw(`[IPSET blacklist]\n\n${lines.join('\n')}\n\n`);
    proxmox.log.clear();
    server = await ServerOnProxmox.start(proxmox, 'k3x9', before);
    await server.rest();
    return server;
  }
  const held = (): string[] =>
    proxmox.entriesOf('blacklist').map(({ cidr, comment = '' }) => `${cidr} ${comment}`.trim());
  const straysOf = (of: ServerOnProxmox): string[] =>
    of.strays.map(({ id, isOwn, entries }) => `${id}${isOwn ? ' own' : ''} ${entries.length}`).sort();

  it('stay, with a new ledger, whatever their mark, and are named', async () => {
    const lines = [
      '192.0.2.1 # f2nb:k3x9 sshd web1',
      '192.0.2.2 # f2nb:p7q2 sshd web1',
      '192.0.2.3 # f2nb:p7q2 sshd web1',
      '192.0.2.4 # f2nb sshd web1',
      '192.0.2.5 # f2nb was here',
      '192.0.2.6 # f2nbfoo',
      '192.0.2.8/31 # f2nb:k3x9 sshd web1',
    ];
    const fresh = await startOn(lines);
    await fresh.pass();
    assert.deepEqual(
      held(),
      lines.map((line) => line.replace(' # ', ' ')),
    );
    assert.equal(proxmox.log.writes, 0);
    assert.deepEqual(straysOf(fresh), ['k3x9 own 2', 'old 2', 'p7q2 2']);
  });

  it('stay, with a ledger restored from an older copy, while what ended since goes', async () => {
    const older = await startOn([]);
    await older.ban('198.51.100.1', 30);
    await older.ban('198.51.100.2');
    await older.rest();
    older.core.clock.advance(60_000);
    const restored = await startOn(
      ['198.51.100.1', '198.51.100.2', '198.51.100.3'].map((address) => `${address} # f2nb:k3x9 sshd web1`),
      older,
    );
    await restored.advance(1_000);
    assert.deepEqual(held(), ['198.51.100.2 f2nb:k3x9 sshd web1', '198.51.100.3 f2nb:k3x9 sshd web1']);
    assert.deepEqual(straysOf(restored), ['k3x9 own 1']);
    await restored.ban('198.51.100.3', 30);
    await restored.pass();
    assert.deepEqual(straysOf(restored), []);
    await restored.advance(60_000);
    assert.deepEqual(held(), ['198.51.100.2 f2nb:k3x9 sshd web1']);
  });

  it('that an older version made are taken over where a client and the network are known, without a write', async () => {
    const before = await startOn([]);
    await before.ban('198.51.100.1');
    await before.ban('198.51.100.2');
    await before.ban('198.51.100.4');
    await before.ban('198.51.100.5');
    await before.rest();
    const lines = [
      '198.51.100.1 # f2nb sshd web1',
      '198.51.100.2 # f2nb was here',
      '198.51.100.3 # f2nb sshd web1',
      '198.51.100.4/31 # f2nb sshd web1',
    ];
    const upgraded = await startOn(lines, before);
    assert.equal(proxmox.log.writes, 0);
    assert.deepEqual(straysOf(upgraded), ['old 2']);
    for (const address of ['198.51.100.1', '198.51.100.2', '198.51.100.4', '198.51.100.5'])
      await upgraded.unban(address);
    await upgraded.rest();
    await upgraded.pass();
    assert.deepEqual(held(), ['198.51.100.2 f2nb was here', '198.51.100.3 f2nb sshd web1']);
  });

  it('go with panic when they carry this ledger’s mark, and only then', async () => {
    const fresh = await startOn(['192.0.2.1 # f2nb:k3x9 sshd web1', '192.0.2.2 # f2nb:p7q2 sshd web1', '192.0.2.3']);
    fresh.isPaused = true;
    await fresh.pass();
    assert.deepEqual(held(), ['192.0.2.2 f2nb:p7q2 sshd web1', '192.0.2.3']);
  });

  it('are no reason to take anything out while history cannot be read', async () => {
    const before = await startOn([]);
    await before.ban('198.51.100.1', 30);
    await before.advance(60_000);
    before.core.ledger.isUnreadable = true;
    const blind = await startOn(['198.51.100.1 # f2nb:k3x9 sshd web1'], before);
    assert.deepEqual(held(), ['198.51.100.1 f2nb:k3x9 sshd web1']);
    blind.core.ledger.isUnreadable = false;
    await blind.pass();
    assert.deepEqual(held(), []);
  });
});

describe('an entry of ours', () => {
  it('is ours although its ban ends while history is read for others', async () => {
    const ended = network('192.0.2.1');
    const unknown = network('192.0.2.2');
    const reported = new Set([ended]);
    const history = {
      traces: async () => {
        reported.delete(ended);
        return new Set<Network>();
      },
    };
    const ownership = new Ownership({
      marks: new OwnMarks(['k3x9']),
      traces: new Traces(history),
      isClient: () => true,
      isReported: (each) => reported.has(each),
      desired: () => new Map(),
      takesAll: () => false,
    });
    const listed = [ended, unknown].map((each): HeldEntry => {
      return { network: each, spelling: each, owner: 'ours', mark: 'f2nb:k3x9' };
    });
    const judged = await ownership.judge(listed);
    assert.deepEqual(
      judged.map(({ owner }) => owner),
      ['ours', 'theirs'],
    );
    assert.equal(reported.size, 0);
  });
});
