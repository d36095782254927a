import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Client } from '../../server/ledger/ledger.ts';
import { closeCodes } from '../../shared/close-code.ts';
import { digestOf } from '../../shared/jail-digest.ts';
import { limits } from '../../shared/limits.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { Core } from './core.ts';
import { makeClient, network, sampleKey } from './samples.ts';
import { Hosts, SessionPair } from './session-pair.ts';

async function makeHosts(...clients: readonly Client[]): Promise<Hosts> {
  return new Hosts(await Core.make(), clients.length === 0 ? [makeClient()] : clients);
}

async function connect(): Promise<SessionPair> {
  const pair = new SessionPair(await makeHosts());
  await pair.logIn();
  return pair;
}

const ban = (number: number, text: string) => ({ number, verb: 'ban', jail: 'sshd', network: text, ttlSeconds: 600 });
const events = (...items: readonly object[]) => ({ type: 'events', stream: 'stream-1', events: items });

describe('a session', () => {
  it('says hello first, with a nonce of its own each time', async () => {
    const hosts = await makeHosts();
    const [first, second] = [new SessionPair(hosts), new SessionPair(hosts)];
    assert.match(first.texts[0] ?? '', /^\{"type":"hello","nonce":"[A-Za-z0-9_-]{43}"\}$/);
    assert.notEqual(first.texts[0], second.texts[0]);
  });

  it('welcomes a client with what it may', async () => {
    const pair = new SessionPair(await makeHosts(makeClient({ jails: ['sshd', 'nginx-*'] })));
    assert.equal(pair.session.isStranger, true);
    assert.deepEqual(await pair.logIn(), {
      ...{ type: 'welcome', server: 'pve1', may: ['ban', 'unban'], jails: ['sshd', 'nginx-*'] },
    });
    assert.deepEqual([pair.session.isStranger, pair.session.who?.client.name], [false, 'web1']);
  });

  it('answers each kind of frame', async () => {
    const pair = await connect();
    assert.deepEqual(await pair.ask(events(ban(1, '203.0.113.1'))), {
      ...{ type: 'results', results: [{ number: 1, outcome: 'recorded' }] },
    });
    const digest = digestOf([network('203.0.113.2')]);
    assert.deepEqual(await pair.ask({ type: 'jails', digests: [{ jail: 'sshd', digest }] }), {
      ...{ type: 'differing', jails: ['sshd'] },
    });
    assert.deepEqual(
      await pair.ask({ type: 'jail', jail: 'sshd', part: 1, parts: 1, entries: [['203.0.113.2', 60]] }),
      {
        ...{ type: 'settled', jail: 'sshd', added: 1, withdrawn: 0, unlisted: ['203.0.113.1'], refused: {} },
      },
    );
    assert.deepEqual(await pair.ask({ type: 'missing', jail: 'sshd', seconds: 30, networks: ['203.0.113.1'] }), {
      ...{ type: 'withdrawn', jail: 'sshd', count: 0 },
    });
    assert.deepEqual(await pair.ask({ type: 'query', id: 7, about: 'network', network: '203.0.113.2' }), {
      ...{ type: 'answer', id: 7, banned: false },
    });
    assert.equal(pair.closed, undefined);
  });

  it('takes what the jails never ban from an agent that says it, and nothing from one that does not', async () => {
    const hosts = new Hosts(await Core.make());
    const pair = new SessionPair(hosts);
    await pair.logIn();
    await pair.ask({ type: 'jails', digests: [] });
    assert.deepEqual(hosts.offered, []);
    for (const ignoreip of [['198.51.100.1/24', '2001:DB8::7'], []])
      assert.equal((await pair.ask({ type: 'jails', digests: [], ignoreip }))?.type, 'differing');
    assert.deepEqual(hosts.offered, [['web1', '198.51.100.0/24', '2001:db8::7'], ['web1']]);
  });

  it('looks at no field that it does not know: a later client may say more', async () => {
    const pair = await connect();
    const answer = await pair.ask({ type: 'jails', digests: [], notYetKnown: ['198.51.100.0/24'] });
    assert.deepEqual(answer, { type: 'differing', jails: [] });
    assert.equal(pair.closed, undefined);
  });

  it('answers frames of one kind that come together in their order', async () => {
    const pair = await connect();
    const texts = [1, 2, 3].map((number) => pair.sealed(events(ban(number, `203.0.113.${number}`))));
    const handled = texts.map((text) => pair.session.receive(text));
    assert.equal(pair.session.inFlight, 3);
    await Promise.all(handled);
    assert.equal(pair.session.inFlight, 0);
    const answers = texts.map(() => pair.next());
    assert.deepEqual(
      answers.map((answer) => answer?.type === 'results' && answer.results),
      [1, 2, 3].map((number) => [{ number, outcome: 'recorded' }]),
    );
  });

  it('survives everything that an honest client could send, each with its code', async () => {
    const pair = await connect();
    const cases: readonly (readonly [event: object, code: RefusalCode])[] = [
      [{ network: 'evil.example.org' }, 'not-an-address'],
      [{ network: '203.0.113.256' }, 'not-an-address'],
      [{ network: 'fe80::1%eth0' }, 'not-an-address'],
      [{ network: '203.0.113.1/33' }, 'not-an-address'],
      [{ network: '0x7f.1' }, 'not-an-address'],
      [{ network: '010.0.0.1' }, 'not-an-address'],
      [{ network: '' }, 'not-an-address'],
      [{ network: null }, 'not-an-address'],
      [{ network: ['203.0.113.1'] }, 'not-an-address'],
      [{ network: '203.0.113.1\n' }, 'not-an-address'],
      [{ network: '0.0.0.0/0' }, 'special-purpose'],
      [{ network: '::/0' }, 'special-purpose'],
      [{ network: '127.0.0.1' }, 'special-purpose'],
      [{ network: '10.1.2.3' }, 'private'],
      [{ network: '203.0.0.0/8' }, 'too-wide'],
      [{ network: '192.0.2.1' }, 'whitelisted'],
      [{ network: '::ffff:192.0.2.1' }, 'whitelisted'],
      [{ verb: 'block' }, 'unknown-verb'],
      [{ verb: 7 }, 'unknown-verb'],
      [{ verb: 'lift' }, 'not-permitted'],
      [{ jail: 'a b' }, 'bad-jail'],
      [{ jail: 'sshd\nevil' }, 'bad-jail'],
      [{ jail: 'j'.repeat(300) }, 'bad-jail'],
      [{ jail: '' }, 'bad-jail'],
      [{ jail: undefined }, 'bad-jail'],
      [{ jail: '-rf' }, 'bad-jail'],
      [{ ttlSeconds: 0 }, 'bad-ttl'],
      [{ ttlSeconds: -1 }, 'bad-ttl'],
      [{ ttlSeconds: 1.5 }, 'bad-ttl'],
      [{ ttlSeconds: '600' }, 'bad-ttl'],
      [{ ttlSeconds: limits.ttlMaxSeconds + 1 }, 'bad-ttl'],
      [{ ttlSeconds: 1e300 }, 'bad-ttl'],
      [{ ttlSeconds: undefined }, 'bad-ttl'],
    ];
    const frame = events(...cases.map(([event], at) => ({ ...ban(at + 1, '203.0.113.1'), ...event })));
    const answer = await pair.ask(frame);
    const codes = answer?.type === 'results' ? answer.results.map((result) => 'code' in result && result.code) : [];
    assert.deepEqual(
      codes,
      cases.map(([, code]) => code),
    );
    assert.equal(pair.closed, undefined);
    assert.deepEqual(
      pair.rejections.map(({ code }) => code),
      [],
    );
  });

  it('says what was wrong in few characters and without control characters', async () => {
    const pair = await connect();
    const text = '\u0000\u007f\u2028"\\'.repeat(50_000);
    const answer = await pair.ask(events({ ...ban(1, '203.0.113.1'), jail: text }));
    const [result] = answer?.type === 'results' ? answer.results : [];
    assert.ok(result?.outcome === 'refused' && result.detail.length < 200);
    assert.match(result.detail, /^[\x20-\x7e–…]+$/);
  });

  it('never sends a frame that is too long for the client', async () => {
    const pair = await connect();
    const items = Array.from({ length: limits.eventsPerFrameMax }, (_, at) => ({
      ...ban(at + 1, '203.0.113.1'),
      jail: '\u0001'.repeat(60),
    }));
    await pair.session.receive(pair.sealed(events(...items)));
    assert.ok(Buffer.byteLength(pair.texts[0] ?? '') < limits.frameMaxBytes);
  });
});

describe('a session closes', () => {
  const malformed: readonly (readonly [what: string, frame: object])[] = [
    ['no type', {}],
    ['a type that is no word', { type: 'No Word' }],
    ['a type from the prototype', { type: '__proto__' }],
    ['no events', events()],
    ['too many events', events(...Array.from({ length: 501 }, (_, at) => ban(at + 1, '203.0.113.1')))],
    ['an event without a number', events({ ...ban(1, '203.0.113.1'), number: undefined })],
    ['a number that is no number', events({ ...ban(1, '203.0.113.1'), number: '1' })],
    ['a number that is not whole', events({ ...ban(1, '203.0.113.1'), number: 1.5 })],
    ['number 0', events(ban(0, '203.0.113.1'))],
    ['a number beyond what is exact', events(ban(2 ** 53, '203.0.113.1'))],
    ['numbers that do not rise', events(ban(2, '203.0.113.1'), ban(2, '203.0.113.2'))],
    ['an event that is no object', events([1])],
    ['events that are no list', { ...events(), events: {} }],
    ['a stream id that is too short', { ...events(ban(1, '203.0.113.1')), stream: 'short' }],
    ['a stream id with a blank', { ...events(ban(1, '203.0.113.1')), stream: 'two words' }],
    ['a digest that is none', { type: 'jails', digests: [{ jail: 'sshd', digest: 'F'.repeat(64) }] }],
    [
      'too many digests',
      { type: 'jails', digests: Array.from({ length: 501 }, () => ({ jail: 'a', digest: '0'.repeat(64) })) },
    ],
    ['two digests of one jail', { type: 'jails', digests: Array(2).fill({ jail: 'sshd', digest: '0'.repeat(64) }) }],
    ['an offer of what is no network', { type: 'jails', digests: [], ignoreip: ['home.example.org'] }],
    ['an offer that is no list', { type: 'jails', digests: [], ignoreip: '203.0.113.7' }],
    ['an offer of too many', { type: 'jails', digests: [], ignoreip: Array(257).fill('203.0.113.7') }],
    ['a part beyond the parts', { type: 'jail', jail: 'sshd', part: 2, parts: 1, entries: [] }],
    ['a part out of order', { type: 'jail', jail: 'sshd', part: 2, parts: 2, entries: [] }],
    ['too many parts', { type: 'jail', jail: 'sshd', part: 1, parts: 65, entries: [] }],
    [
      'too many entries',
      {
        type: 'jail',
        jail: 'sshd',
        part: 1,
        parts: 1,
        entries: Array.from({ length: 2_001 }, () => ['203.0.113.1', 1]),
      },
    ],
    ['an entry that is no network', { type: 'jail', jail: 'sshd', part: 1, parts: 1, entries: [['evil', 1]] }],
    [
      'an entry that ends never or at once',
      { type: 'jail', jail: 'sshd', part: 1, parts: 1, entries: [['203.0.113.1', 0]] },
    ],
    ['a question without an id', { type: 'query', about: 'self' }],
    ['a question that is no word', { type: 'query', id: 1, about: 'Secrets' }],
  ];
  for (const [what, frame] of malformed) {
    it(`for ${what}`, async () => {
      const pair = await connect();
      const answer = await pair.ask(frame);
      assert.equal(answer?.type === 'refused' && answer.code, 'malformed');
      assertEnded(pair, 'malformed', closeCodes.malformed);
    });
  }

  it('for a payload that is no JSON object', async () => {
    for (const payload of ['', '[]', 'null', '7', '{', '{"a":1}}']) {
      const pair = await connect();
      await pair.session.receive(pair.sealedText(payload));
      assertEnded(pair, 'malformed', closeCodes.malformed);
    }
  });

  it('for fields that nest deeper than there is stack', async () => {
    const pair = await connect();
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    await pair.session.receive(pair.sealedText(`{"seq":1,"type":${deep}}`));
    assertEnded(pair, 'malformed', closeCodes.malformed);
  });

  it('for a frame that is replayed', async () => {
    const pair = await connect();
    const text = pair.sealed(events(ban(1, '203.0.113.1')));
    await pair.session.receive(text);
    await pair.session.receive(text);
    assertEnded(pair, 'replayed', closeCodes.replayed);
  });

  it('for a frame that overtakes another, and takes none of both', async () => {
    const hosts = await makeHosts();
    const pair = new SessionPair(hosts);
    await pair.logIn();
    const [first, second] = [pair.sealed(events(ban(1, '203.0.113.1'))), pair.sealed(events(ban(2, '203.0.113.2')))];
    await pair.session.receive(second);
    await pair.session.receive(first);
    assertEnded(pair, 'replayed', closeCodes.replayed);
    assert.deepEqual(hosts.core.claims, []);
  });

  it('for a frame of its own that is sent back', async () => {
    const pair = new SessionPair(await makeHosts());
    await pair.session.receive(pair.loginText());
    await pair.session.receive(pair.texts[0] ?? '');
    assertEnded(pair, 'bad-mac', closeCodes.replayed);
  });

  it('for a frame of another connection of the same client', async () => {
    const hosts = await makeHosts();
    const [one, other] = [new SessionPair(hosts), new SessionPair(hosts)];
    await one.logIn();
    await other.logIn();
    await one.session.receive(other.sealed(events(ban(1, '203.0.113.1'))));
    assertEnded(one, 'bad-mac', closeCodes.replayed);
    assert.equal(other.closed, undefined);
  });

  it('for the login text, sent again', async () => {
    const pair = new SessionPair(await makeHosts());
    const text = pair.loginText();
    await pair.session.receive(text);
    await pair.session.receive(text);
    assertEnded(pair, 'bad-mac', closeCodes.replayed);
  });

  it('for a frame that is cut short, lengthened or changed in any one character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('cut', 'add', 'change'), async (place, how) => {
        const pair = await connect();
        const text = pair.sealed(events(ban(1, '203.0.113.1')));
        const at = place % text.length;
        const altered = {
          cut: text.slice(0, at),
          add: `${text.slice(0, at)}x${text.slice(at)}`,
          change: flip(text, at),
        };
        await pair.session.receive(altered[how]);
        assertEnded(pair, 'bad-mac', closeCodes.replayed);
      }),
      { numRuns: 150 },
    );
  });

  it('for any other text before the login, always with the same answer', async () => {
    const hosts = await makeHosts();
    const texts = ['', '{}', 'GET / HTTP/1.1', 'web1:key-0001:', '{"type":"hello"}', 'x'.repeat(200_000)];
    for (const text of texts) {
      const pair = new SessionPair(hosts);
      pair.texts.shift();
      await pair.session.receive(text);
      assert.deepEqual(pair.texts, []);
      assertEnded(pair, 'unauthenticated', closeCodes.unauthenticated);
    }
  });

  it('for an unknown client, an unknown key and a wrong secret, all with the same answer; the log has the name', async () => {
    const hosts = await makeHosts();
    const secret = Buffer.alloc(32, 8).toString('base64url');
    const wrong = [{ client: 'web9' }, { keyId: 'key-0009' }, { secret }, { client: 'web9', secret }];
    const answers = [];
    for (const parts of wrong) {
      const pair = new SessionPair(hosts);
      assert.equal(await pair.logIn(parts), undefined);
      assert.equal(pair.closed, closeCodes.unauthenticated);
      answers.push(pair.rejections);
    }
    const refusal = { code: 'unauthenticated', detail: 'unknown client, key or MAC' };
    const claims = ['web9', 'web1', 'web1', 'web9'];
    assert.deepEqual(
      answers,
      claims.map((claimed) => [{ ...refusal, claimed }]),
    );
  });

  it('for a login text that is longer than a login, though its MAC fits', async () => {
    const pair = new SessionPair(await makeHosts());
    const payload = JSON.stringify({ type: 'login', nonce: 'A'.repeat(43), agent: 'test', more: 'x'.repeat(1_000) });
    await pair.logIn({ payload });
    assertEnded(pair, 'unauthenticated', closeCodes.unauthenticated);
  });

  it(`for a newer one, when its client has ${limits.connectionsPerClientMax}, and not for those of others`, async () => {
    const hosts = await makeHosts(makeClient(), makeClient({ name: 'web2' }));
    const pairs = Array.from({ length: limits.connectionsPerClientMax }, () => new SessionPair(hosts));
    for (const pair of pairs) assert.equal((await pair.logIn())?.type, 'welcome');
    assert.equal((await new SessionPair(hosts).logIn({ client: 'web2' }))?.type, 'welcome');
    const closed = () => pairs.map((pair) => pair.closed === closeCodes.tooMany);
    assert.ok(!closed().includes(true));
    assert.equal((await new SessionPair(hosts).logIn())?.type, 'welcome');
    assert.deepEqual(
      closed(),
      pairs.map((_, at) => at === 0),
    );
    assert.equal(hosts.connected.list().filter(({ client }) => client === 'web1').length, pairs.length);
  });

  it('when its client is revoked while connected, and takes nothing after that', async () => {
    const hosts = await makeHosts();
    const pair = new SessionPair(hosts);
    await pair.logIn();
    pair.follow([{ kind: 'revoked', client: 'web1', actor: 'operator' }]);
    assert.equal(pair.closed, closeCodes.revoked);
    await pair.session.receive(pair.sealed(events(ban(1, '203.0.113.1'))));
    assert.deepEqual([hosts.core.claims, pair.texts], [[], []]);
  });

  it('when its key is taken away, and for new permissions so that it comes back with them', async () => {
    const newKey = {
      kind: 'frames',
      id: 'key-0002',
      secret: sampleKey.secret,
      endsAt: Number.POSITIVE_INFINITY,
    } as const;
    const changes = [makeClient({ keys: [newKey] }), makeClient({ may: ['ban'] })];
    const codes = [];
    for (const client of changes) {
      const pair = new SessionPair(await makeHosts());
      await pair.logIn();
      pair.follow([{ kind: 'enrolled', client, actor: 'operator' }]);
      codes.push(pair.closed);
    }
    assert.deepEqual(codes, [closeCodes.revoked, closeCodes.goingAway]);
  });

  it('when its key ends while connected', async () => {
    const hosts = await makeHosts(makeClient({ keys: [{ kind: 'frames', ...sampleKey, endsAt: 1e13 }] }));
    const pair = new SessionPair(hosts);
    await pair.logIn();
    hosts.connected.sendAwayEnded(hosts.clients, 1e13 - 1);
    assert.equal(pair.closed, undefined);
    hosts.connected.sendAwayEnded(hosts.clients, 1e13);
    assert.equal(pair.closed, closeCodes.revoked);
  });
});

describe('a session over its rate', () => {
  it('refuses events for now, tells it, and goes on when time has passed', async () => {
    const hosts = await makeHosts();
    const pair = new SessionPair(hosts);
    await pair.logIn();
    for (let frame = 0; frame < limits.framesBurstMax; frame += 1) {
      await pair.session.receive(pair.sealed({ type: 'query', id: frame, about: 'self' }));
      pair.next();
    }
    assert.deepEqual(await pair.ask(events(ban(1, '203.0.113.1'))), {
      type: 'results',
      results: [
        {
          ...{ number: 1, outcome: 'refused', code: 'rate-limited' },
          detail: 'more frames or events a second than a client may send',
        },
      ],
      retryAfterMs: 1_000,
    });
    assert.deepEqual([pair.closed, pair.rejections.map(({ code }) => code)], [undefined, ['rate-limited']]);
    hosts.core.clock.advance(1_000);
    const answer = await pair.ask(events(ban(1, '203.0.113.1')));
    assert.deepEqual(answer?.type === 'results' && answer.results, [{ number: 1, outcome: 'recorded' }]);
  });

  it('closes for frames of other kinds', async () => {
    const pair = await connect();
    for (let frame = 0; frame <= limits.framesBurstMax; frame += 1) {
      await pair.session.receive(pair.sealed({ type: 'query', id: frame, about: 'self' }));
    }
    assertEnded(pair, 'rate-limited', closeCodes.tooMany);
  });

  it('counts the reports that an answer is looked for in', async () => {
    const hosts = await makeHosts();
    hosts.countReports = () => 80_000;
    const looks = [
      { type: 'jails', digests: [{ jail: 'sshd', digest: 'a'.repeat(64) }] },
      { type: 'jail', jail: 'sshd', part: 1, parts: 1, entries: [] },
      { type: 'query', id: 1, about: 'bans' },
    ];
    for (const frame of looks) {
      hosts.core.clock.advance(10_000);
      const pair = new SessionPair(hosts);
      await pair.logIn();
      for (let cost = 0; cost < limits.eventsBurstMax; cost += 10_000) await pair.session.receive(pair.sealed(frame));
      assert.equal(pair.closed, undefined, frame.type);
      await pair.session.receive(pair.sealed(frame));
      assert.equal(pair.closed, closeCodes.tooMany, frame.type);
    }
  });

  it('is over it on each of its connections, new ones too', async () => {
    const hosts = await makeHosts();
    const [first, second] = [new SessionPair(hosts), new SessionPair(hosts)];
    await first.logIn();
    for (let frame = 0; frame <= limits.framesBurstMax; frame += 1) {
      await first.session.receive(first.sealed({ type: 'query', id: frame, about: 'self' }));
    }
    await second.logIn();
    await second.ask({ type: 'query', id: 1, about: 'self' });
    assert.equal(second.closed, closeCodes.tooMany);
  });

  it('counts the entries of lists', async () => {
    const pair = await connect();
    const entries = Array.from({ length: limits.entriesPerPartMax }, () => ['203.0.113.1', 600]);
    const parts = limits.eventsBurstMax / limits.entriesPerPartMax;
    for (let part = 1; part <= parts; part += 1) {
      await pair.session.receive(pair.sealed({ type: 'jail', jail: 'sshd', part: 1, parts: 2, entries }));
    }
    assert.equal(pair.closed, undefined);
    await pair.session.receive(pair.sealed({ type: 'jail', jail: 'sshd', part: 1, parts: 2, entries }));
    assertEnded(pair, 'rate-limited', closeCodes.tooMany);
  });
});

describe('a session that stands', () => {
  it('does not end for any text that a client with a key seals, other than by its own code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), async (json) => {
        const pair = await connect();
        const value: unknown = JSON.parse(json);
        await pair.session.receive(pair.sealed(typeof value === 'object' && value !== null ? value : { value }));
        assert.ok(
          pair.closed === undefined || pair.closed === closeCodes.malformed || pair.closed === closeCodes.replayed,
        );
      }),
      { numRuns: 300 },
    );
  });
});

function assertEnded(pair: SessionPair, code: RefusalCode, closeCode: number): void {
  assert.equal(pair.closed, closeCode);
  assert.deepEqual(
    pair.rejections.map((rejection) => rejection.code),
    [code],
  );
}

function flip(text: string, at: number): string {
  const char = text[at] === 'A' ? 'B' : 'A';
  return `${text.slice(0, at)}${char}${text.slice(at + 1)}`;
}
