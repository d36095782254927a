import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { Safety } from '../../../client/safety/safety.ts';
import type { EscalationSettings } from '../../../server/escalation/escalation-settings.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { ManualClock } from '../../manual-clock.ts';
import { spell } from '../../shared/network/spellings.ts';
import { until } from '../../until.ts';
import { event, send } from '../admin/sent-events.ts';
import { askHttp, makeHttpClient } from '../http/ask-http.ts';
import type { Peer } from '../listening.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { network } from '../samples.ts';
import { rawDecision } from '../sources/crowdsec/samples.ts';

/** What must not be banned, by why; the first is whitelisted while the server runs. */
const untouchable: Readonly<Record<string, string>> = {
  'whitelisted at run time': '203.0.113.77',
  'whitelisted by the configuration': '192.0.2.7',
  'whitelisted by a network around it': '198.51.100.2',
  'in the management set': '198.51.100.200',
  private: '10.1.2.3',
  'a loopback address': '127.0.0.1',
};

const management = network('198.51.100.200');

/** Every spelling of everything untouchable, and networks around it that are no wider than may be banned. */
const attempts: readonly (readonly [what: string, network: Network])[] = Object.entries(untouchable).flatMap(
  ([why, text]) =>
    [network(text), around(text, 24)].flatMap((each) =>
      spell(each).map(([form, spelled]): [string, Network] => [`${each}, ${why}, as ${form}`, spelled]),
    ),
);

const escalation: EscalationSettings = {
  withinMs: 86_400_000,
  steps: [{ count: 2, forMs: 86_400_000 }],
  neighbours: undefined,
};

/** A server with all that must not be banned. */
function withUntouchable(
  work: (server: RunningServer) => Promise<void>,
  settings: NonNullable<Parameters<typeof withServer>[2]>['settings'] = {},
): Promise<void> {
  const protectedSources = [
    { name: 'management', reason: 'in the set management', read: () => Promise.resolve([management]) },
  ];
  const wide = { allowPrivate: false, widest: { 4: 8, 6: 16 }, reportsPerClientMax: 10_000 } as const;
  return withServer(
    async (server) => {
      await server.ask('allow-add', { network: '203.0.113.77' });
      await work(server);
    },
    undefined,
    { settings: { policy: wide, ...settings }, parts: { protectedSources } },
  );
}

/** What got into the record. */
async function recorded(server: RunningServer): Promise<string[]> {
  return (await server.ledger.load()).reports.map((report) => report.network);
}

describe('what must not be banned, in every spelling', () => {
  it('is refused as an event of a host', () =>
    withUntouchable(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      const codes = await codesOf(
        peer,
        attempts.map(([, each], at) => event(at + 1, each)),
      );
      const allowed = ['whitelisted', 'protected', 'private', 'special-purpose'];
      const passed = attempts
        .filter((_, at) => !allowed.includes(codes[at] ?? ''))
        .map(([what], at) => `${what}: ${codes[at]}`);
      assert.deepEqual(passed, []);
      assert.deepEqual(await recorded(server), []);
      peer.close();
    }));

  it('is left out of the list of a jail', () =>
    withUntouchable(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      const entries = [...new Set(attempts.map(([, each]) => each))].map((each) => [each, 600]);
      const settled = await peer.ask({ type: 'jail', jail: 'sshd', part: 1, parts: 1, entries });
      assert.equal(settled.type, 'settled');
      assert.deepEqual(await recorded(server), []);
      peer.close();
    }));

  it('is refused by HTTP, as a resource and as a URL', () =>
    withUntouchable(
      async (server) => {
        const token = await makeHttpClient(server, { name: 'shop', may: 'ban,unban' });
        for (const [what, each] of attempts) {
          const spelled = encodeURIComponent(each);
          const put = await askHttp(server, `PUT /api/v1/bans/${spelled}?jail=x&ttl=10m`, { token });
          assert.equal(put.status, 422, `${what}: ${put.text}`);
          const get = await askHttp(server, `GET /?ip=${spelled}&ban=banip`, { token });
          assert.equal(get.status, 422, `${what}: ${get.text}`);
        }
        assert.deepEqual(await recorded(server), []);
      },
      { http: { enabled: true, urlBans: true } },
    ));

  it("is refused as the operator's own ban", () =>
    withUntouchable(async (server) => {
      for (const [what, each] of attempts)
        assert.equal((await server.ask('ban', { network: each }))['outcome'], 'refused', what);
      assert.deepEqual(await recorded(server), []);
    }));

  it('is not taken over from CrowdSec', async (context) => {
    const decisions = attempts.map(([, each], at) =>
      rawDecision(at + 1, each, { scope: each.includes('/') ? 'Range' : 'Ip' }),
    );
    decisions.push(rawDecision(attempts.length + 1, '203.0.113.200'));
    const lapi = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(decisions));
    }).listen(0, '127.0.0.1');
    await once(lapi, 'listening');
    context.after(() => lapi.close());
    const address = lapi.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const source = {
      name: 'main',
      endpoint: { scheme: 'http', host: '127.0.0.1', port },
      readKey: () => 'secret',
      filter: { origins: undefined, scenarios: ['*'] },
      most: 10_000,
      pollSeconds: 10,
    } as const;
    await withUntouchable(
      async (server) => {
        await until(async () => (await recorded(server)).length > 0, 'decisions are taken over');
        assert.deepEqual(await recorded(server), ['203.0.113.200']);
      },
      { crowdsec: [source] },
    );
    lapi.closeAllConnections();
  });

  it('is lifted when it is whitelisted later, held back when it is protected later, and not escalated', async () => {
    let isProtected = false;
    const protectedSources = [
      {
        name: 'management',
        reason: 'in the set management',
        read: () => Promise.resolve(isProtected ? [management] : []),
      },
    ];
    const policy = { allowPrivate: false, widest: { 4: 8, 6: 16 }, reportsPerClientMax: 10_000 } as const;
    await withServer(
      async (server) => {
        const credentials = await server.enroll({ name: 'web1' });
        const spelled = ['203.0.113.77', '198.51.100.200'].flatMap((text) => spell(network(text)));
        // Teredo's server 203.0.113.77 beside its client, and so on: each network once.
        const networks = [...new Set(spelled.map(([, each]) => each))];
        let number = 0;
        // A connection each: the clock jumps over the pings of one.
        const sendAll = async (verb: string) => {
          const ttlSeconds = verb === 'ban' ? 600 : null;
          const peer = await server.logIn(credentials);
          const events = networks.map((each) => event(++number, each, { verb, ttlSeconds }));
          const codes = new Set(await codesOf(peer, events));
          peer.close();
          return codes;
        };
        assert.deepEqual(await sendAll('ban'), new Set(['recorded']));
        await until(() => server.blocked.length > 0 && server.blocked.length >= networks.length - 4, 'all is blocked');
        isProtected = true;
        await server.ask('allow-add', { network: '203.0.113.77' });
        server.clock.advance(60_000);
        await until(() => server.blocked.length === 0, 'nothing is blocked');
        await sendAll('unban');
        assert.deepEqual(await sendAll('ban'), new Set(['whitelisted', 'protected']));
        assert.deepEqual(
          (await server.ledger.load()).reports.filter(({ isLifted }) => !isLifted),
          [],
        );
      },
      undefined,
      { settings: { policy, escalation }, parts: { protectedSources } },
    );
  });

  it('is not blocked by an agent, whatever a feed says', async () => {
    const list = Object.values(untouchable).map(network);
    const safety = new Safety({
      whitelist: list.slice(0, 3),
      sources: [{ reason: 'a default gateway of this host', read: () => Promise.resolve(list.slice(3)) }],
      clock: new ManualClock(),
      log: pino({ level: 'silent' }),
      onChange: () => undefined,
    });
    await safety.refresh(new AbortController().signal);
    for (const [what, each] of attempts) assert.notEqual(safety.refuse(each), undefined, what);
  });
});

function around(text: string, length: number): Network {
  const [a, b, c] = text.split('.');
  const found = parseNetwork(`${a}.${b}.${c}.0/${length}`);
  assert.ok(found);
  return found;
}

async function codesOf(peer: Peer, events: readonly object[]): Promise<string[]> {
  const codes = await send(peer, ...events);
  assert.ok(Array.isArray(codes));
  return codes.map(String);
}
