import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Fleet, type Host } from './fleet.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

/** What only the agent fills: as the jail file that we ship, but with no local firewall. */
const peers = { name: 'peers', bantimeSeconds: -1, more: ['filter =', 'action ='] };
const sshd = { name: 'sshd', bantimeSeconds: 600 };

/** A host whose bans go to the others, and which keeps theirs in a peer jail. */
function peerHost(fleet: Fleet, name: string): Promise<Host> {
  const sections = ['', '[peers]', 'sshd = peers'];
  const rights = ['--may', 'ban,unban,subscribe'];
  return fleet.host(name, { jails: [sshd, peers], sections, rights });
}

async function holds({ fail2ban }: Host, jail: string, addresses: readonly string[]): Promise<void> {
  const wanted = [...addresses].sort().join(' ');
  await waitUntil(`${jail} holds ${wanted || 'nothing'}`, async () => {
    const listed = await fail2ban.client('get', jail, 'banip');
    return listed.split(/\s+/).filter(Boolean).sort().join(' ') === wanted;
  });
}

/** When fail2ban logged this, milliseconds since the epoch. */
async function loggedAt({ fail2ban }: Host, text: string): Promise<number> {
  const line = (await fail2ban.log()).split('\n').find((each) => each.includes(text));
  const at = /^(\S+) (\S+),(\d{3})/.exec(line ?? '');
  assert.ok(at, `nothing logged of ${text}`);
  return Date.parse(`${at[1]}T${at[2]}.${at[3]}Z`);
}

async function three(test: TestContext) {
  const fleet = await Fleet.start(test);
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => peerHost(fleet, name)));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  return { fleet, a, b, c };
}

describe('three fail2ban servers with a server between them', { concurrency: 2, timeout: suiteMaxMs }, () => {
  it("have each other's bans in their peer jails, not their own, until the last host unbans", async (test) => {
    const { fleet, a, b, c } = await three(test);
    await a.fail2ban.fail('sshd', '198.51.100.7');
    await Promise.all([holds(b, 'peers', ['198.51.100.7']), holds(c, 'peers', ['198.51.100.7'])]);
    const bannedAt = await loggedAt(a, '[sshd] Ban 198.51.100.7');
    for (const host of [b, c]) {
      const tookMs = (await loggedAt(host, '[peers] Ban 198.51.100.7')) - bannedAt;
      test.diagnostic(`into the peer jail of another host after ${tookMs} ms`);
    }
    await fleet.blocks(['198.51.100.7']);
    await holds(a, 'peers', []);
    await b.fail2ban.fail('sshd', '198.51.100.7');
    await holds(a, 'peers', ['198.51.100.7']);
    await a.fail2ban.client('set', 'sshd', 'unbanip', '198.51.100.7');
    await holds(b, 'peers', []);
    await holds(c, 'peers', ['198.51.100.7']);
    await b.fail2ban.client('set', 'sshd', 'unbanip', '198.51.100.7');
    await Promise.all([holds(a, 'peers', []), holds(c, 'peers', [])]);
    await fleet.blocks([]);
  });

  it('end equal when one was away, killed, and its fail2ban started again', async (test) => {
    const { fleet, a, b } = await three(test);
    await a.fail2ban.fail('sshd', '198.51.100.10', '198.51.100.20');
    await holds(b, 'peers', ['198.51.100.10', '198.51.100.20']);
    await b.agent.kill();
    await a.fail2ban.fail('sshd', '198.51.100.30', '2001:db8::3');
    await a.fail2ban.client('set', 'sshd', 'unbanip', '198.51.100.10');
    await fleet.blocks(['198.51.100.20', '198.51.100.30', '2001:db8::3']);
    await b.fail2ban.kill();
    await b.fail2ban.start();
    await b.agent.start();
    await holds(b, 'peers', ['198.51.100.20', '198.51.100.30', '2001:db8::3']);
    await b.fail2ban.stop();
    await a.fail2ban.fail('sshd', '198.51.100.40');
    await b.fail2ban.start();
    await holds(b, 'peers', ['198.51.100.20', '198.51.100.30', '198.51.100.40', '2001:db8::3']);
  });

  it('tell the server which of them lacks its peer jail', async (test) => {
    const fleet = await Fleet.start(test);
    const rights = ['--may', 'ban,unban,subscribe'];
    await fleet.host('a', { jails: [sshd], sections: ['', '[peers]', '* = missing-peers'], rights });
    await waitUntil('the server knows', async () => {
      const { subscribers } = (await fleet.server.ask('status')) as { subscribers: Subscriber[] };
      const [{ client, enforcers: [enforcer] = [] } = { client: '' }] = subscribers;
      return client === 'a' && enforcer?.state === 'failing' && /missing-peers/.test(enforcer.detail ?? '');
    });
  });
});

interface Subscriber {
  readonly client: string;
  readonly enforcers: readonly { readonly state: string; readonly detail?: string }[];
}
