import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { parseNetwork } from '../../shared/network.ts';
import { addresses } from '../bench/networks.ts';
import { type Ending, testWithEnding } from '../ending.ts';
import { FailingLedger } from '../server/failing-ledger.ts';
import { makeHttpClient } from '../server/http/ask-http.ts';
import { RunningServer } from '../server/running-server.ts';
import { makeReport } from '../server/samples.ts';
import {
  crowdsecClient,
  expressLive,
  type LocalApi,
  type NpmBouncer,
  nodejsLive,
  nodejsStream,
} from './npm-bouncers.ts';
import { Relay } from './relay.ts';

const bouncers: readonly (readonly [name: string, make: (api: LocalApi) => NpmBouncer, hasIpv6Cidr: boolean])[] = [
  // By its stream it looks for IPv6 addresses written in full, which no local API tells.
  ['@crowdsec/nodejs-bouncer, stream', nodejsStream, false],
  ['@crowdsec/nodejs-bouncer, live', nodejsLive, true],
  ['@crowdsec/express-bouncer, live', expressLive, true],
  ['crowdsec-client', crowdsecClient, true],
];

const connections = ['kept connections', 'a new connection each time'] as const;

/** A server, and a way to it on which connections can be ended. */
class Side {
  readonly #ledger: FailingLedger;
  readonly #isKept: boolean;
  #server: RunningServer | undefined;
  #relay: Relay | undefined;
  #key = '';

  private constructor(ledger: FailingLedger, isKept: boolean) {
    this.#ledger = ledger;
    this.#isKept = isKept;
  }

  static async start(ending: Ending, isKept: boolean, ledger = new FailingLedger()): Promise<Side> {
    const side = new Side(ledger, isKept);
    ending.after(() => side.server.stop());
    await side.startServer();
    side.#relay = await Relay.start(ending, () => side.server.server.port);
    side.#key = await makeHttpClient(side.server, { name: 'edge' });
    return side;
  }

  get server(): RunningServer {
    return this.#server ?? assert.fail('no server runs');
  }

  get api(): LocalApi {
    return { url: this.#relay?.url ?? '', key: this.#key };
  }

  /** Also once more, with the ledger of the one before. */
  async startServer(): Promise<void> {
    await this.#server?.stop();
    this.#server = await RunningServer.start(undefined, { parts: { ledger: this.#ledger } });
  }

  async poll(bouncer: NpmBouncer): Promise<void> {
    if (!this.#isKept) await this.#relay?.endConnections();
    await bouncer.poll();
  }
}

async function blocked(bouncer: NpmBouncer, all: readonly string[]): Promise<string[]> {
  const found = [];
  for (const address of all) if (await bouncer.isBlocked(address)) found.push(address);
  return found;
}

for (const [name, make, takesIpv6] of bouncers)
  describe(`the real ${name}`, () => {
    const known = (...all: readonly string[]): string[] => all.filter((each) => takesIpv6 || !each.includes(':'));

    for (const kind of connections)
      testWithEnding(`blocks what is banned, and nothing else, with ${kind}`, async (ending) => {
        const side = await Side.start(ending, kind === connections[0]);
        let { server } = side;
        const bouncer = make(side.api);
        for (const network of ['203.0.113.7', '2001:db8::7', '198.51.100.128/25'])
          await server.ask('ban', { network, ttl: '1h' });
        await bouncer.start();
        const visitors = ['203.0.113.7', '203.0.113.8', '2001:db8::7', '198.51.100.200', '198.51.100.7', '2001:db9::1'];
        const first = known('203.0.113.7', '2001:db8::7', '198.51.100.200');
        assert.deepEqual(await blocked(bouncer, visitors), first, 'at its start');
        await side.poll(bouncer);
        assert.deepEqual(await blocked(bouncer, visitors), first, 'when nothing has changed');
        await server.ask('ban', { network: '203.0.113.8', ttl: '1h' });
        await server.ask('ban', { network: '203.0.113.7', ttl: '3h' });
        await server.ask('ban', { network: '2001:db9::/64', ttl: '1h' });
        await server.ask('unban', { network: '2001:db8::7' });
        for (let times = 0; times < 3; times += 1) await side.poll(bouncer);
        const changed = known('203.0.113.7', '203.0.113.8', '198.51.100.200', '2001:db9::1');
        assert.deepEqual(await blocked(bouncer, visitors), changed, 'after bans, an unban and a longer ban');
        await server.ask('unban', { network: '203.0.113.8' });
        await server.ask('ban', { network: '203.0.113.8', ttl: '2h' });
        await server.ask('unban', { network: '198.51.100.128/25' });
        await side.poll(bouncer);
        await bouncer.start();
        await side.poll(bouncer);
        assert.deepEqual(
          await blocked(bouncer, visitors),
          changed.filter((each) => each !== '198.51.100.200'),
          'after an unban and a ban between two questions, and its restart',
        );
        await server.ask('ban', { network: '198.51.100.128/25', ttl: '1h' });
        await server.ask('unban', { network: '203.0.113.7' });
        await side.startServer();
        ({ server } = side);
        await server.ask('unban', { network: '203.0.113.8' });
        await side.poll(bouncer);
        const last = known('198.51.100.200', '2001:db9::1');
        assert.deepEqual(
          await blocked(bouncer, visitors),
          last,
          'after what was done before and after a restart of the server',
        );
        await server.ask('panic');
        await side.poll(bouncer);
        assert.deepEqual(await blocked(bouncer, visitors), [], 'after panic');
      });

    testWithEnding('knows 20,000 bans', async (ending) => {
      const ledger = new FailingLedger();
      const networks = addresses(20_000);
      const changes = networks.map((network) => ({
        kind: 'reported' as const,
        report: makeReport(String(network), { endsAt: Number.POSITIVE_INFINITY }),
        replaces: undefined,
      }));
      await ledger.commit(changes, 0);
      const side = await Side.start(ending, true, ledger);
      const bouncer = make(side.api);
      await bouncer.start();
      const some = [0, 1, 9_999, 19_999].map((at) => String(networks[at]));
      assert.deepEqual(await blocked(bouncer, [...some, '203.0.113.250']), some);
      const [first = ''] = some;
      await side.server.ask('unban', { network: first });
      await side.poll(bouncer);
      assert.deepEqual(await blocked(bouncer, some), some.slice(1));
      assert.ok(parseNetwork(first));
    });
  });
