import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isObject } from '../../shared/sealed-channel.ts';
import { Fleet } from './fleet.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const ignoring = 'ignoreip = 203.0.113.9 198.51.100.0/24 2001:db8:7::7 10.0.0.0/8 127.0.0.1/8 ::1 home.example.org';
const web = { name: 'sshd', bantimeSeconds: 3_600, more: [ignoring] };
const mail = { name: 'sshd', bantimeSeconds: 3_600 };
const bans = ['203.0.113.9', '198.51.100.64/26', '2001:db8:7::7'];

/** What the server knows of web1's `ignoreip`. */
async function offer({ server }: Fleet): Promise<Readonly<Record<string, unknown>>> {
  const { clients } = await server.ask('client', 'list');
  const web1: unknown = Array.isArray(clients) ? clients.find(({ name }) => name === 'web1') : undefined;
  return isObject(web1) && isObject(web1['ignoreip']) ? web1['ignoreip'] : assert.fail('web1 is listed');
}

describe('ignoreip of the real fail2ban', { timeout: suiteMaxMs }, () => {
  it('is offered as it stands, and has bans of other hosts held back as long as the operator trusts it', async (context) => {
    const fleet = await Fleet.start(context);
    await fleet.host('web1', { jails: [web] });
    const { fail2ban } = await fleet.host('mail1', { jails: [mail] });
    await waitUntil('the server has the offer', async () => {
      const { networks } = await offer(fleet);
      return Array.isArray(networks) && networks.length > 0;
    });
    assert.deepEqual(await offer(fleet), {
      networks: ['198.51.100.0/24', '2001:db8:7::7', '203.0.113.9'],
      leftOut: [
        { network: '10.0.0.0/8', code: 'private' },
        { network: '127.0.0.0/8', code: 'special-purpose' },
        { network: '::1', code: 'special-purpose' },
      ],
      protected: false,
    });
    await fail2ban.client('set', 'sshd', 'banip', ...bans, '203.0.113.10');
    await fleet.blocks([...bans, '203.0.113.10']);
    await fleet.server.writeConfig(['trust_ignoreip = yes']);
    fleet.server.program.signal('SIGHUP');
    await fleet.blocks(['203.0.113.10']);
    const status = JSON.stringify(await fleet.server.ask('status'));
    assert.match(status, /203\.0\.113\.9 overlaps 203\.0\.113\.9, ignoreip of host web1/);
    const { stdout } = await fleet.server.command('client', 'revoke', 'web1');
    assert.match(stdout, /revoked/);
    await fleet.blocks([...bans, '203.0.113.10']);
  });
});
