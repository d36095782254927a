import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Fleet } from './fleet.ts';
import { settleList } from './settle-list.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const sshd = { name: 'sshd', bantimeSeconds: 3_600 };
const postfix = { name: 'postfix', bantimeSeconds: -1 };

describe('a ban of the real fail2ban', { concurrency: 3, timeout: suiteMaxMs }, () => {
  it('is blocked whether the log or a person made it, as IPv4, IPv6 or CIDR, until it is unbanned', async (context) => {
    const fleet = await Fleet.start(context);
    const { fail2ban } = await fleet.host('web1', { jails: [sshd] });
    await fail2ban.fail('sshd', '203.0.113.7', '2001:DB8:BAD::7', '198.51.100.64/28');
    await fleet.blocks(['203.0.113.7', '2001:db8:bad::7', '198.51.100.64/28']);
    await fail2ban.client('set', 'sshd', 'banip', '203.0.113.8', '2001:db8:bad::8', '198.51.100.130/26');
    const byHand = ['203.0.113.8', '2001:db8:bad::8', '198.51.100.128/26'];
    await fleet.blocks(['203.0.113.7', '2001:db8:bad::7', '198.51.100.64/28', ...byHand]);
    await fail2ban.client('set', 'sshd', 'unbanip', '203.0.113.7', '2001:db8:bad::7', '198.51.100.64/28');
    await fleet.blocks(byHand);
  });

  it('is lifted with all others of its host by unban --all, and those of another host stay', async (context) => {
    const fleet = await Fleet.start(context);
    const web = await fleet.host('web1', { jails: [sshd, postfix] });
    const mail = await fleet.host('mail1', { jails: [sshd] });
    await web.fail2ban.client('set', 'sshd', 'banip', '203.0.113.1', '203.0.113.3', '2001:db8::1');
    await web.fail2ban.client('set', 'postfix', 'banip', '203.0.113.5');
    await mail.fail2ban.client('set', 'sshd', 'banip', '203.0.113.3', '203.0.113.9');
    await fleet.blocks(['203.0.113.1', '203.0.113.3', '2001:db8::1', '203.0.113.5', '203.0.113.9']);
    await web.fail2ban.client('unban', '--all');
    await fleet.blocks(['203.0.113.3', '203.0.113.9'], 90_000);
  });

  it('lasts as long as bantime.increment makes it', async (context) => {
    const fleet = await Fleet.start(context);
    const increment = ['bantime.increment = true', 'bantime.multipliers = 1 2'];
    // Its time counts from the line in the log, and fail2ban makes no ban whose time is over when it comes to it.
    const { fail2ban } = await fleet.host('web1', { jails: [{ name: 'sshd', bantimeSeconds: 10, more: increment }] });
    await fail2ban.fail('sshd', '203.0.113.7');
    await waitUntil('fail2ban has ended the first ban', async () =>
      (await fail2ban.log()).includes('Unban 203.0.113.7'),
    );
    await fail2ban.fail('sshd', '203.0.113.7');
    await waitUntil('a longer ban is recorded', async () => (await longestSeconds(fleet, '203.0.113.7')) > 10);
    assert.match(await fail2ban.log(), /Increase Ban 203\.0\.113\.7 \(2 # 20s/);
    await fleet.blocks(['203.0.113.7']);
    await fleet.blocks([], 90_000);
  });

  it('ends when its time is over, also while the agent is away and while fail2ban is down', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent, fail2ban } = await fleet.host('web1', {
      jails: [{ name: 'sshd', bantimeSeconds: 15 }, postfix],
    });
    await fail2ban.client('set', 'postfix', 'banip', '203.0.113.100');
    await fail2ban.client('set', 'sshd', 'banip', '203.0.113.1');
    await fleet.blocks(['203.0.113.100', '203.0.113.1']);
    await agent.kill();
    await fleet.blocks(['203.0.113.100']);
    await agent.start();
    await fail2ban.client('set', 'sshd', 'banip', '203.0.113.2');
    await fleet.blocks(['203.0.113.100', '203.0.113.2']);
    await fail2ban.stop();
    await fleet.blocks(['203.0.113.100']);
    await fail2ban.start();
    await settleList(agent, 'postfix');
    fleet.assertBlocks(['203.0.113.100']);
  });

  it('of what is no address is set aside and reported, runs nothing, and holds up no other', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent, fail2ban } = await fleet.host('web1', { jails: [sshd] });
    const folder = dirname(fail2ban.socket);
    const before = await readdir(folder);
    const garbage = [
      '$(touch x)',
      '`touch x`',
      'foo.invalid',
      '1.2.3.4;id',
      '0.0.0.0/0',
      '203.0.113.7\nv1\tban',
      "';touch x;'",
    ];
    await fail2ban.client('set', 'sshd', 'banip', ...garbage, '203.0.113.7');
    await fleet.blocks(['203.0.113.7']);
    const { unreadableLines } = await agent.ask('status');
    assert.ok(Number(unreadableLines) >= garbage.length - 1, `${unreadableLines} lines set aside`);
    await settleList(agent, 'sshd');
    fleet.assertBlocks(['203.0.113.7']);
    assert.deepEqual(await readdir(folder), before);
  });

  it('that two hosts and two jails report stands until all have lifted it', async (context) => {
    const fleet = await Fleet.start(context);
    const web = await fleet.host('web1', { jails: [sshd, postfix] });
    const mail = await fleet.host('mail1', { jails: [sshd] });
    await web.fail2ban.fail('sshd', '203.0.113.99');
    await web.fail2ban.fail('postfix', '203.0.113.99');
    await mail.fail2ban.fail('sshd', '203.0.113.99');
    await reportedBy(fleet, '203.0.113.99', ['postfix@web1', 'sshd@mail1', 'sshd@web1']);
    await web.fail2ban.client('set', 'sshd', 'unbanip', '203.0.113.99');
    await reportedBy(fleet, '203.0.113.99', ['postfix@web1', 'sshd@mail1']);
    await web.fail2ban.client('set', 'postfix', 'unbanip', '203.0.113.99');
    await reportedBy(fleet, '203.0.113.99', ['sshd@mail1']);
    fleet.assertBlocks(['203.0.113.99']);
    await mail.fail2ban.client('set', 'sshd', 'unbanip', '203.0.113.99');
    await fleet.blocks([]);
  });
});

interface Ban {
  readonly reports: readonly { readonly client: string; readonly jail: string }[];
}

interface Reported {
  readonly kind: string;
  readonly at: number;
  readonly endsAt: number;
}

async function bansOf({ server }: Fleet, network: string): Promise<readonly Ban[]> {
  const { bans } = (await server.ask('lookup', network)) as { bans: Ban[] };
  return bans;
}

/** Of the bans in history, which stay there however late one looks. */
async function longestSeconds({ server }: Fleet, network: string): Promise<number> {
  const { history } = (await server.ask('history', '--network', network)) as { history: Reported[] };
  const bans = history.filter(({ kind }) => kind === 'reported');
  return Math.max(0, ...bans.map(({ at, endsAt }) => (endsAt - at) / 1_000));
}

async function reportedBy(fleet: Fleet, network: string, reporters: readonly string[]): Promise<void> {
  await waitUntil(`${network} is reported by ${reporters.join(', ')}`, async () => {
    const reports = (await bansOf(fleet, network)).flatMap((ban) => ban.reports);
    const found = reports.map(({ jail, client }) => `${jail}@${client}`);
    return isDeepStrictEqual(found.toSorted(), reporters);
  });
}
