import { it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Namespace } from '../client/enforcers/nftables/namespace.ts';
import { suiteMaxMs, waitUntil } from '../end-to-end/wait-until.ts';
import { lastFirst } from '../ending.ts';
import { CrowdsecProcess } from './crowdsec-process.ts';
import { FirewallBouncer } from './firewall-bouncer.ts';

const limits = { timeout: suiteMaxMs };

it(
  'the real bouncer drops in its namespace what the real CrowdSec decides, and no longer what that takes back',
  limits,
  async (context) => {
    const ending = lastFirst(context);
    const crowdsec = await CrowdsecProcess.start(ending);
    const namespace = await Namespace.make(ending);
    const apiKey = await crowdsec.addBouncer('firewall');
    await crowdsec.add('203.0.113.7');
    const bouncer = await FirewallBouncer.start(ending, { namespace, apiUrl: crowdsec.url, apiKey });
    await blocks(bouncer, ['203.0.113.7']);
    await crowdsec.add('2001:db8::7');
    await crowdsec.add('198.51.100.8');
    await blocks(bouncer, ['198.51.100.8', '2001:db8::7', '203.0.113.7']);
    await crowdsec.delete('203.0.113.7');
    await blocks(bouncer, ['198.51.100.8', '2001:db8::7']);

    await bouncer.kill();
    await crowdsec.delete('2001:db8::7');
    await bouncer.start();
    await blocks(bouncer, ['198.51.100.8']);
  },
);

function blocks(bouncer: FirewallBouncer, networks: readonly string[]): Promise<number> {
  return waitUntil(
    `the bouncer drops ${networks.join(', ')}`,
    async () => isDeepStrictEqual(await bouncer.blocked(), networks),
    60_000,
  );
}
