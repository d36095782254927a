import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { startProxmox } from '../proxmox/emulated-ipset.ts';
import { ServerOnProxmox } from './server-on-proxmox.ts';

const admins = ['203.0.113.200 # mine', '203.0.113.201', '203.0.113.202 # f2nbfoo', '203.0.113.203 # f2nb was here'];
const empty = `[IPSET blacklist]\n\n${admins.join('\n')}\n\n`;

describe('two servers at one cluster', () => {
  let proxmox: EmulatedProxmox;
  let one: ServerOnProxmox;
  let two: ServerOnProxmox;
  before(async () => {
    proxmox = await startProxmox({ maxRequestsPerConnection: 95 });
  });
  after(() => proxmox.close());
  beforeEach(() => open());
  afterEach(() => close());

  async function open(): Promise<void> {
    proxmox.writeClusterFw(empty);
    one = await ServerOnProxmox.start(proxmox, 'aaaa');
    two = await ServerOnProxmox.start(proxmox, 'bbbb');
    await settle();
  }
  async function close(): Promise<void> {
    await one.stop();
    await two.stop();
  }
  async function settle(): Promise<void> {
    for (const server of [one, two, one, two]) await server.pass();
  }
  const lines = (): string[] =>
    proxmox.entriesOf('blacklist').map(({ cidr, comment }) => `${cidr} # ${comment ?? ''}`.trim());
  const marked = (id: string): string[] => lines().filter((line) => line.includes(`f2nb:${id} `));

  it('leave the ban of one where it is, and write nothing while nothing changes', async () => {
    await one.ban('198.51.100.7');
    await settle();
    proxmox.log.clear();
    for (let minute = 0; minute < 30; minute += 1) for (const server of [one, two]) await server.advance(60_000);
    assert.ok(proxmox.log.reads >= 10);
    assert.equal(proxmox.log.writes, 0);
    assert.deepEqual(marked('aaaa'), ['198.51.100.7 # f2nb:aaaa sshd web1']);
    assert.deepEqual(
      two.strays.map(({ id, entries }) => [id, entries.length]),
      [
        ['aaaa', 1],
        ['old', 1],
      ],
    );
  });

  it('keep a ban in force that both hold, when the one whose entry it is ends its own', async () => {
    await one.ban('198.51.100.7');
    await settle();
    await two.ban('198.51.100.7');
    await two.rest();
    assert.deepEqual(marked('bbbb'), []);
    await one.unban('198.51.100.7');
    await one.rest();
    // As often as pve-firewall itself looks.
    await two.advance(10_000);
    assert.deepEqual(marked('bbbb'), ['198.51.100.7 # f2nb:bbbb sshd web1']);
  });

  it('say of an entry of the other whose it is', async () => {
    await one.ban('198.51.100.7');
    await settle();
    await two.ban('198.51.100.7');
    const [enforcement] = two.enforcement.of(two.core.standing.list()[0]?.network ?? assert.fail());
    assert.deepEqual(enforcement, {
      enforcer: 'proxmox/main',
      state: 'in-force',
      detail: 'the entry 198.51.100.7 of another ledger (aaaa) in ipset blacklist of proxmox/main',
      foreign: [
        {
          enforcer: 'proxmox/main',
          network: '198.51.100.7',
          spelling: '198.51.100.7',
          place: 'ipset blacklist',
          ledger: 'aaaa',
          command: 'fail2networkban-server clear aaaa',
        },
      ],
    });
  });

  interface Action {
    readonly who: 'aaaa' | 'bbbb';
    readonly what: 'ban' | 'short ban' | 'unban' | 'wait' | 'restart';
    readonly address: string;
  }

  const serverOf = (id: string): ServerOnProxmox => (id === 'aaaa' ? one : two);
  const act: Readonly<Record<Action['what'], (action: Action) => Promise<unknown>>> = {
    ban: ({ who, address }) => serverOf(who).ban(address),
    'short ban': ({ who, address }) => serverOf(who).ban(address, 30),
    unban: ({ who, address }) => serverOf(who).unban(address),
    wait: ({ who }) => serverOf(who).advance(31_000),
    restart: async ({ who }) => {
      const again = await ServerOnProxmox.start(proxmox, who, await serverOf(who).stop());
      if (who === 'aaaa') one = again;
      else two = again;
    },
  };

  async function carryOut(action: Action): Promise<void> {
    const other = action.who === 'aaaa' ? 'bbbb' : 'aaaa';
    const others = marked(other);
    await act[action.what](action);
    await serverOf(action.who).pass();
    assert.deepEqual(marked(other), others, 'what is the other’s is as it was');
    await settle();
    const held = proxmox.entriesOf('blacklist').map(({ cidr }) => cidr);
    const wanted = [one, two].flatMap(({ core }) => core.standing.list().map(({ network }) => String(network)));
    assert.deepEqual(new Set(held), new Set([...wanted, ...admins.map((line) => line.split(' ')[0] ?? '')]));
  }

  async function writesAtRest(): Promise<number> {
    for (const server of [one, two]) await server.advance(31_000);
    await settle();
    proxmox.log.clear();
    for (const server of [one, two]) await server.advance(400_000);
    return proxmox.log.writes;
  }

  it('never touch what is the other’s or the administrator’s, and hold each ban as long as either wants it', async () => {
    const action = fc.record<Action>({
      who: fc.constantFrom('aaaa', 'bbbb'),
      what: fc.constantFrom('ban', 'ban', 'short ban', 'unban', 'wait', 'restart'),
      address: fc.constantFrom('198.51.100.1', '198.51.100.2', '198.51.100.4/31', '2001:db8::1', '203.0.113.201'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 12 }), async (actions) => {
        await close();
        await open();
        for (const each of actions) await carryOut(each);
        assert.equal(await writesAtRest(), 0);
        for (const line of admins) assert.match(proxmox.readClusterFw() ?? '', new RegExp(`^${line}$`, 'm'));
      }),
      { numRuns: 15 },
    );
  });
});
