import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JailLists } from '../../server/jail-lists.ts';
import type { Client, Report } from '../../server/ledger/ledger.ts';
import { ownClient } from '../../server/own-clients.ts';
import { FrameError } from '../../shared/field-reader.ts';
import type { BanEvent, JailEntry, ReceivedEvent } from '../../shared/frames.ts';
import { digestOf } from '../../shared/jail-digest.ts';
import { Core, outcomeOf } from './core.ts';
import { makeClient, makeEntry, makeEvent, makeReport, network } from './samples.ts';

const web1 = makeClient();
const web2 = makeClient({ name: 'web2' });

const entries = (...texts: readonly string[]): JailEntry[] => texts.map((text) => [network(text), null]);

describe('events', () => {
  it('make a report each, with the time from their arrival', async () => {
    const core = await Core.make();
    const events = [makeEvent(1, '203.0.113.1', { ttlSeconds: 60 }), makeEvent(2, '203.0.113.2', { source: 'hand' })];
    assert.deepEqual(await core.send(web1, events), ['recorded', 'recorded']);
    const reportedAt = core.clock.now();
    assert.deepEqual(
      [...core.standing.values()].flatMap(({ reports }) => reports),
      [
        makeReport('203.0.113.1', { reportedAt, endsAt: reportedAt + 60_000, sequence: 1 }),
        makeReport('203.0.113.2', { reportedAt, source: 'hand', sequence: 2 }),
      ],
    );
  });

  it('take effect once for each number of a stream, whoever else uses the same stream id', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(5, '203.0.113.1')]);
    await core.send(web1, [makeEvent(6, '203.0.113.1', { verb: 'unban' })]);
    assert.deepEqual(await core.send(web1, [makeEvent(5, '203.0.113.1'), makeEvent(6, '203.0.113.9')]), [
      'repeated',
      'repeated',
    ]);
    assert.deepEqual(core.claims, []);
    assert.deepEqual(await core.send(web1, [makeEvent(5, '203.0.113.1')], 'stream-2'), ['recorded']);
    assert.deepEqual(await core.send(web2, [makeEvent(5, '203.0.113.2')]), ['recorded']);
  });

  it('in no stream take effect each time, of hosts that are enrolled and of the server itself', async () => {
    const core = await Core.make();
    const ban = makeEvent(0, '203.0.113.1');
    const unban = makeEvent(0, '203.0.113.1', { verb: 'unban' });
    const take = async (client: Client, ...events: readonly ReceivedEvent[]) =>
      (await core.intake.takeEach(client, events)).map(outcomeOf);
    assert.deepEqual(await take(web1, ban, unban, ban), ['recorded', 'recorded', 'recorded']);
    assert.deepEqual(await take(ownClient('crowdsec/main'), ban), ['recorded']);
    assert.deepEqual(core.claims, ['203.0.113.1 crowdsec/main sshd', '203.0.113.1 web1 sshd']);
    core.revoked.add('web1');
    assert.deepEqual(await take(web1, ban), ['not-permitted']);
    assert.deepEqual(await take(ownClient('escalation'), makeEvent(0, '127.0.0.1')), ['special-purpose']);
  });

  it('that waited for the commit which revoked their client leave nothing', async () => {
    const core = await Core.make();
    await core.record.write((draft) => draft.add({ kind: 'revoked', client: 'web1', actor: 'operator' }));
    assert.deepEqual(await core.send(web1, [makeEvent(1, '203.0.113.1')]), ['not-permitted']);
    assert.deepEqual(core.claims, []);
  });

  it('that are behind the revocation of their client in one tick leave nothing', async () => {
    const core = await Core.make();
    const revocation = core.record.write((draft) => draft.add({ kind: 'revoked', client: 'web1', actor: 'operator' }));
    const frames = [
      core.send(web1, [makeEvent(1, '203.0.113.1')]),
      core.list(web1, entries('203.0.113.2')).then((settled) => settled?.refused),
      core.send(web2, [makeEvent(1, '203.0.113.3')]),
    ];
    await revocation;
    assert.deepEqual(await Promise.all(frames), [['not-permitted'], { 'not-permitted': 1 }, ['recorded']]);
    assert.deepEqual(core.claims, ['203.0.113.3 web2 sshd']);
  });

  it('are refused behind a whitelist entry in one tick, in its IPv6 clothes too', async () => {
    const core = await Core.make();
    const allowed = core.record.write((draft) => draft.allow(makeEntry('203.0.113.0/24'), 'operator'));
    const frames = [
      core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '198.51.100.1')]),
      core.send(web1, [makeEvent(3, '64:ff9b::cb00:7101')]),
      core.send(web1, [makeEvent(4, '203.0.113.1', { verb: 'unban' })]),
      core.list(web2, entries('203.0.113.0/25')).then((settled) => settled?.refused),
    ];
    await allowed;
    assert.deepEqual(await Promise.all(frames), [
      ['whitelisted', 'recorded'],
      ['whitelisted'],
      ['recorded'],
      { whitelisted: 1 },
    ]);
    assert.deepEqual(core.claims, ['198.51.100.1 web1 sshd']);
  });

  it('take effect once when they are sent twice in one tick', async () => {
    const core = await Core.make();
    const frames = [core.send(web1, [makeEvent(1, '203.0.113.1')]), core.send(web1, [makeEvent(1, '203.0.113.1')])];
    assert.deepEqual(await Promise.all(frames), [['recorded'], ['repeated']]);
  });

  it('are repeated, not applied again, after a restart', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '203.0.113.1', { verb: 'unban' })]);
    const restarted = await Core.make(core.ledger);
    assert.deepEqual(await restarted.send(web1, [makeEvent(1, '203.0.113.1')]), ['repeated']);
    assert.deepEqual(restarted.claims, []);
  });

  it('of one network end as the last of them says', async () => {
    const core = await Core.make();
    const unban = makeEvent(2, '203.0.113.1', { verb: 'unban' });
    await core.send(web1, [makeEvent(1, '203.0.113.1'), unban, makeEvent(3, '203.0.113.1', { ttlSeconds: 5 })]);
    assert.deepEqual(
      core.standing.reportsOf(network('203.0.113.1')).map(({ endsAt }) => endsAt - core.clock.now()),
      [5_000],
    );
    await core.send(web1, [makeEvent(4, '203.0.113.1', { verb: 'unban' })]);
    assert.equal(core.standing.size, 0);
  });

  it('may be unbans of what was never banned', async () => {
    const core = await Core.make();
    assert.deepEqual(await core.send(web1, [makeEvent(1, '203.0.113.1', { verb: 'unban' })]), ['recorded']);
    assert.deepEqual(await core.send(web1, [makeEvent(1, '203.0.113.1', { verb: 'unban' })]), ['repeated']);
  });

  it("never lift another client's ban, nor the same client's of another jail", async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '203.0.113.1', { jail: 'nginx' })]);
    await core.send(web2, [makeEvent(1, '203.0.113.1')]);
    await core.send(web1, [makeEvent(3, '203.0.113.1', { verb: 'unban' })]);
    assert.deepEqual(core.claims, ['203.0.113.1 web1 nginx', '203.0.113.1 web2 sshd']);
    assert.equal(core.standing.size, 1);
  });

  it("lift everybody's ban of a network for an operator, and of that network only", async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '203.0.113.0/24')]);
    await core.send(web2, [makeEvent(1, '203.0.113.1', { jail: 'nginx' })]);
    const lift = makeEvent(1, '203.0.113.1', { verb: 'lift' });
    assert.deepEqual(await core.send(web2, [{ ...lift, number: 2 }]), ['not-permitted']);
    assert.deepEqual(await core.send(makeClient({ name: 'admin', may: ['operate'] }), [lift]), ['recorded']);
    assert.deepEqual(core.claims, ['203.0.113.0/24 web1 sshd']);
    const [newest] = await core.ledger.history({ most: 1 });
    assert.deepEqual([newest?.actor, newest?.reason], ['admin', 'lifted']);
  });

  it('are refused one by one, and those beside them are recorded', async () => {
    const core = await Core.make();
    const unreadable: ReceivedEvent = { number: 2, refusal: { code: 'not-an-address', detail: '"evil" is not' } };
    const events = [makeEvent(1, '203.0.113.1'), unreadable, makeEvent(3, '192.0.2.1'), makeEvent(4, '203.0.113.4')];
    assert.deepEqual(await core.send(web1, events), ['recorded', 'not-an-address', 'whitelisted', 'recorded']);
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd', '203.0.113.4 web1 sshd']);
  });

  it('fill the quota within one frame, and what they replace does not count', async () => {
    const core = await Core.make();
    const full = Array.from({ length: 101 }, (_, at) => makeEvent(at + 1, `203.0.113.${at}`));
    assert.deepEqual((await core.send(web1, full)).slice(-2), ['recorded', 'quota-exceeded']);
    assert.deepEqual(await core.send(web1, [makeEvent(102, '203.0.113.5', { ttlSeconds: 9 })]), ['recorded']);
    const swap = [makeEvent(103, '203.0.113.5', { verb: 'unban' }), makeEvent(104, '203.0.113.200')];
    assert.deepEqual(await core.send(web1, swap), ['recorded', 'recorded']);
    assert.deepEqual(await core.send(web2, [makeEvent(1, '203.0.113.1')]), ['recorded']);
  });

  it('are refused for now while the ledger cannot write, with a pause, and recorded afterwards', async () => {
    const core = await Core.make();
    core.ledger.isFull = true;
    const frame = { type: 'events', stream: 'stream-1', events: [makeEvent(1, '203.0.113.1')] } as const;
    const refused = await core.intake.takeEvents(web1, frame);
    assert.deepEqual(refused.results.map(outcomeOf), ['ledger-unavailable']);
    assert.equal(refused.retryAfterMs, 5_000);
    core.ledger.isFull = false;
    const recorded = await core.intake.takeEvents(web1, frame);
    assert.deepEqual([recorded.results.map(outcomeOf), recorded.retryAfterMs], [['recorded'], undefined]);
  });

  it('are told one by one as what became of them', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '192.0.2.1')]);
    await core.send(web1, [makeEvent(1, '203.0.113.1')]);
    const about = { client: 'web1', verb: 'ban', jail: 'sshd', tookMs: 0 };
    assert.deepEqual(core.decisions, [
      { ...about, network: '203.0.113.1', code: 'recorded' },
      {
        ...about,
        network: '192.0.2.1',
        code: 'whitelisted',
        detail: '192.0.2.1 overlaps 192.0.2.0/24, which is whitelisted by [policy] whitelist of server.ini',
      },
      { ...about, network: '203.0.113.1', code: 'repeated' },
    ]);
  });

  it('of several clients leave what a plain list of claims says, however they are put into frames', async () => {
    const text = fc.constantFrom('203.0.113.1', '203.0.113.2', '2001:db8::1', '192.0.2.1');
    const anyEvent = fc.record({
      text,
      verb: fc.constantFrom('ban', 'unban'),
      jail: fc.constantFrom('sshd', 'nginx'),
      who: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 30 }), async (all) => {
        const core = await Core.make();
        let model: string[] = [];
        const frames = all.map(({ text: which, who, ...rest }, at) => {
          const event = makeEvent(at + 1, which, rest);
          model = applyNaively(model, who === 0 ? 'web1' : 'web2', event);
          return core.send(who === 0 ? web1 : web2, [event]);
        });
        await Promise.all(frames);
        assert.deepEqual(new Set(core.claims), new Set(model));
      }),
      { numRuns: 100 },
    );
  });
});

function applyNaively(claims: readonly string[], client: string, { verb, jail, network: which }: BanEvent): string[] {
  const claim = `${which} ${client} ${jail}`;
  const others = claims.filter((other) => other !== claim);
  return verb === 'ban' && which !== '192.0.2.1' ? [...others, claim] : others;
}

describe('a list of a jail', () => {
  it('adds what is missing, names what is not listed, and leaves that, other jails and clients alone', async () => {
    const core = await Core.make();
    await core.send(web1, [
      makeEvent(1, '203.0.113.1'),
      makeEvent(2, '203.0.113.2'),
      makeEvent(3, '203.0.113.3', { jail: 'nginx' }),
    ]);
    await core.send(web2, [makeEvent(1, '203.0.113.1')]);
    assert.deepEqual(await core.list(web1, entries('203.0.113.2', '203.0.113.4')), {
      ...{ type: 'settled', jail: 'sshd', added: 1, withdrawn: 0, unlisted: ['203.0.113.1'], refused: {} },
    });
    assert.deepEqual(core.claims, [
      '203.0.113.1 web1 sshd',
      '203.0.113.1 web2 sshd',
      '203.0.113.2 web1 sshd',
      '203.0.113.3 web1 nginx',
      '203.0.113.4 web1 sshd',
    ]);
  });

  it('names at most so many of those that it does not list, and is asked for again until all are listed or gone', async () => {
    const core = await Core.make();
    const many = Array.from({ length: 90 }, (_, at) => `203.0.113.${at}`);
    await core.list(web1, entries(...many));
    const lists = new JailLists();
    assert.equal((await core.list(web1, [], lists))?.unlisted.length, 90);
    const empty = [{ jail: 'sshd', digest: digestOf([]) }];
    assert.deepEqual(await core.intake.compareDigests(web1, empty, lists), ['sshd']);
  });

  it('may be empty, and may come in parts', async () => {
    const core = await Core.make();
    const many = Array.from({ length: 90 }, (_, at) => `203.0.113.${at}`);
    const lists = new JailLists();
    const part = (at: number) =>
      ({
        type: 'jail',
        jail: 'sshd',
        part: at,
        parts: 3,
        entries: entries(...many.slice((at - 1) * 30, at * 30)),
      }) as const;
    assert.equal(await core.intake.takePart(web1, part(1), lists), undefined);
    assert.equal(await core.intake.takePart(web1, part(2), lists), undefined);
    assert.equal((await core.intake.takePart(web1, part(3), lists))?.added, 90);
    assert.equal((await core.list(web1, []))?.unlisted.length, 90);
    assert.equal(core.standing.size, 90);
  });

  it('is refused when its parts do not follow each other', async () => {
    const core = await Core.make();
    const part = (at: number, jail = 'sshd') => ({ type: 'jail', jail, part: at, parts: 3, entries: [] }) as const;
    const follows = async (...frames: readonly ReturnType<typeof part>[]) => {
      const lists = new JailLists();
      for (const frame of frames) await core.intake.takePart(web1, frame, lists);
    };
    await assert.rejects(follows(part(2)), FrameError);
    await assert.rejects(follows(part(1), part(3)), FrameError);
    await assert.rejects(follows(part(1), part(1), part(3)), FrameError);
    await assert.rejects(follows(part(1), part(2, 'nginx')), FrameError);
    await follows(part(1), part(1), part(2), part(3));
  });

  it('may be followed by the next before it is answered', async () => {
    const core = await Core.make();
    const lists = new JailLists();
    const part = (jail: string, at: number) =>
      ({ type: 'jail', jail, part: at, parts: 2, entries: entries(`203.0.113.${at}`) }) as const;
    const all = [part('sshd', 1), part('sshd', 2), part('nginx', 1), part('nginx', 2)];
    const settled = await Promise.all(all.map((frame) => core.intake.takePart(web1, frame, lists)));
    assert.deepEqual(
      settled.map((frame) => frame?.added),
      [undefined, 2, undefined, 2],
    );
  });

  it('leaves bans made by hand, whether it names them or not', async () => {
    const core = await Core.make();
    await core.send(web1, [
      makeEvent(1, '203.0.113.1', { source: 'hand' }),
      makeEvent(2, '203.0.113.2', { source: 'hand' }),
    ]);
    assert.deepEqual(await core.list(web1, [[network('203.0.113.1'), 30]]), {
      ...{ type: 'settled', jail: 'sshd', added: 0, withdrawn: 0, unlisted: [], refused: {} },
    });
    for (const text of ['203.0.113.1', '203.0.113.2']) {
      const [report] = core.standing.reportsOf(network(text));
      assert.deepEqual([report?.source, report?.endsAt], ['hand', Number.POSITIVE_INFINITY], text);
    }
  });

  it('does not bring back what an operator lifted; a new ban of the jail does', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1')]);
    await core.record.write((draft) => {
      draft.lift(network('203.0.113.1'), 'lifted', 'operator');
    });
    assert.deepEqual(core.claims, []);
    for (const ttlSeconds of [null, 60, 90_000]) {
      const settled = await core.list(web1, [[network('203.0.113.1'), ttlSeconds]]);
      assert.deepEqual([settled?.added, settled?.lifted, core.claims], [0, 1, []], String(ttlSeconds));
    }
    const digests = [{ jail: 'sshd', digest: digestOf([network('203.0.113.1')]) }];
    assert.deepEqual(await core.intake.compareDigests(web1, digests, new JailLists()), []);
    await core.send(web1, [makeEvent(2, '203.0.113.1')]);
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd']);
  });

  it('prolongs what ends earlier by more than the way takes, and shortens nothing', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1', { ttlSeconds: 600 })]);
    core.clock.advance(10_000);
    assert.equal((await core.list(web1, [[network('203.0.113.1'), 592]]))?.added, 0);
    assert.equal((await core.list(web1, [[network('203.0.113.1'), 6_000, 'at-most']]))?.added, 0);
    assert.equal((await core.list(web1, [[network('203.0.113.2'), 6_000, 'at-most']]))?.added, 1);
    assert.equal((await core.list(web1, [[network('203.0.113.1'), 6_000]]))?.added, 1);
    assert.equal((await core.list(web1, [[network('203.0.113.1'), null]]))?.added, 1);
    assert.equal((await core.list(web1, [[network('203.0.113.1'), null]]))?.added, 0);
    assert.equal((await core.list(web1, [[network('203.0.113.1'), 60]]))?.added, 0);
  });

  it('counts by code what it may not ban, and tells each', async () => {
    const core = await Core.make();
    const listed = entries('203.0.113.1', '192.0.2.1', '192.0.2.2', '10.0.0.1');
    assert.deepEqual((await core.list(web1, listed))?.refused, { whitelisted: 2, private: 1 });
    assert.deepEqual(
      core.decisions.map(({ verb, network: which, code }) => `${verb} ${which} ${code}`),
      [
        'list 203.0.113.1 recorded',
        'list 192.0.2.1 whitelisted',
        'list 192.0.2.2 whitelisted',
        'list 10.0.0.1 private',
      ],
    );
  });

  it('counts only what was written when the ledger fails in between', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.9')]);
    const lists = new JailLists();
    const part = (at: number) =>
      ({ type: 'jail', jail: 'sshd', part: at, parts: 2, entries: entries(`203.0.113.${at}`) }) as const;
    core.ledger.isFull = true;
    await core.intake.takePart(web1, part(1), lists);
    core.ledger.isFull = false;
    assert.deepEqual(await core.intake.takePart(web1, part(2), lists), {
      ...{
        type: 'settled',
        jail: 'sshd',
        added: 1,
        withdrawn: 0,
        unlisted: ['203.0.113.9'],
        refused: { 'ledger-unavailable': 1 },
      },
    });
    core.ledger.isFull = true;
    assert.deepEqual(await core.list(web1, entries('203.0.113.3')), {
      ...{ type: 'settled', jail: 'sshd', added: 0, withdrawn: 0, unlisted: [], refused: { 'ledger-unavailable': 1 } },
    });
    assert.deepEqual(core.claims, ['203.0.113.2 web1 sshd', '203.0.113.9 web1 sshd']);
  });

  it('leaves all that stood before, adds the rest, and names what it lacks', async () => {
    const texts = fc.uniqueArray(
      fc.constantFrom('203.0.113.1', '203.0.113.2', '203.0.113.3', '2001:db8::/64', '198.51.100.0/24'),
    );
    await fc.assert(
      fc.asyncProperty(texts, texts, async (before, listed) => {
        const core = await Core.make();
        await core.list(web1, entries(...before));
        const settled = await core.list(web1, entries(...listed));
        assert.deepEqual(core.claims, [...new Set([...before, ...listed])].map((text) => `${text} web1 sshd`).sort());
        assert.equal(settled?.added, listed.filter((text) => !before.includes(text)).length);
        assert.deepEqual(settled.unlisted.toSorted(), before.filter((text) => !listed.includes(text)).toSorted());
      }),
      { numRuns: 100 },
    );
  });
});

describe('networks that are missing from a jail', () => {
  const missing = (seconds: number, ...texts: readonly string[]) =>
    ({ type: 'missing', jail: 'sshd', seconds, networks: texts.map(network) }) as const;

  it('are withdrawn, those of other jails, other clients and by hand are not', async () => {
    const core = await Core.make();
    await core.send(web1, [
      makeEvent(1, '203.0.113.1'),
      makeEvent(2, '203.0.113.1', { jail: 'nginx' }),
      makeEvent(3, '203.0.113.2', { source: 'hand' }),
    ]);
    await core.send(web2, [makeEvent(1, '203.0.113.1')]);
    core.clock.advance(30_000);
    const answer = await core.intake.takeMissing(web1, missing(30, '203.0.113.1', '203.0.113.2', '203.0.113.3'));
    assert.deepEqual(answer, { type: 'withdrawn', jail: 'sshd', count: 1 });
    assert.deepEqual(core.claims, ['203.0.113.1 web1 nginx', '203.0.113.1 web2 sshd', '203.0.113.2 web1 sshd']);
    const [newest] = (await core.ledger.history({ most: 5 })).filter(({ kind }) => kind === 'withdrawn');
    assert.deepEqual([newest?.network, newest?.reason, newest?.actor], ['203.0.113.1', 'not-listed', 'web1']);
  });

  it('stay banned when the jail has banned or prolonged them since they were missed', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '203.0.113.2')]);
    core.clock.advance(20_000);
    await core.send(web1, [makeEvent(3, '203.0.113.1')]);
    core.clock.advance(20_000);
    assert.equal((await core.intake.takeMissing(web1, missing(30, '203.0.113.1', '203.0.113.2'))).count, 1);
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd']);
  });

  it('lose the mark of an operator who lifted them', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1')]);
    await core.record.write((draft) => {
      draft.lift(network('203.0.113.1'), 'lifted', 'operator');
    });
    core.clock.advance(60_000);
    assert.equal((await core.intake.takeMissing(web1, missing(30, '203.0.113.1'))).count, 1);
    assert.equal((await core.list(web1, entries('203.0.113.1')))?.added, 1);
  });

  it('stay banned when the client is revoked, in one tick or before, or the ledger cannot write', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1')]);
    core.clock.advance(60_000);
    core.ledger.isFull = true;
    assert.equal((await core.intake.takeMissing(web1, missing(30, '203.0.113.1'))).count, 0);
    core.ledger.isFull = false;
    const revocation = core.record.write((draft) => draft.add({ kind: 'revoked', client: 'web1', actor: 'operator' }));
    const late = [
      core.intake.takeMissing(web1, missing(30, '203.0.113.1')),
      revocation.then(() => core.intake.takeMissing(web1, missing(30, '203.0.113.1'))),
    ];
    assert.deepEqual(
      (await Promise.all(late)).map(({ count }) => count),
      [0, 0],
    );
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd']);
  });
});

describe('a digest', () => {
  const digest = (...texts: readonly string[]) => [{ jail: 'sshd', digest: digestOf(texts.map(network)) }];

  it('agrees when the jail holds what is recorded, whatever the order', async () => {
    const core = await Core.make();
    await core.send(web1, [
      makeEvent(1, '203.0.113.2'),
      makeEvent(2, '203.0.113.1'),
      makeEvent(3, '203.0.113.9', { source: 'hand' }),
    ]);
    const lists = new JailLists();
    assert.deepEqual(await core.intake.compareDigests(web1, digest('203.0.113.1', '203.0.113.2'), lists), []);
    assert.deepEqual(await core.intake.compareDigests(web1, digest('203.0.113.1'), lists), ['sshd']);
    assert.deepEqual(await core.intake.compareDigests(web2, digest(), lists), []);
  });

  it('sees what was sent before it in the same tick', async () => {
    const core = await Core.make();
    const sent = core.send(web1, [makeEvent(1, '203.0.113.1')]);
    assert.deepEqual(await core.intake.compareDigests(web1, digest('203.0.113.1'), new JailLists()), []);
    await sent;
  });

  it('is not asked about jails that the client may not use', async () => {
    const core = await Core.make();
    const client = makeClient({ jails: ['nginx'] });
    assert.deepEqual(await core.intake.compareDigests(client, digest('203.0.113.1'), new JailLists()), []);
  });

  it('agrees after a list of which the policy refused a part, until the list, the record or the policy changes', async () => {
    const core = await Core.make();
    const lists = new JailLists();
    const agrees = async (...texts: readonly string[]) =>
      (await core.intake.compareDigests(web1, digest(...texts), lists)).length === 0;
    await core.list(web1, entries('203.0.113.1', '192.0.2.1'), lists);
    assert.equal(await agrees('203.0.113.1', '192.0.2.1'), true);
    assert.equal(await agrees('203.0.113.1', '192.0.2.1', '203.0.113.2'), false);
    await core.send(web1, [makeEvent(1, '203.0.113.7')]);
    assert.equal(await agrees('203.0.113.1', '192.0.2.1'), false);
    await core.list(web1, entries('203.0.113.1', '192.0.2.1', '203.0.113.7'), lists);
    assert.equal(await agrees('203.0.113.1', '192.0.2.1', '203.0.113.7'), true);
    lists.forget();
    assert.equal(await agrees('203.0.113.1', '192.0.2.1', '203.0.113.7'), false);
  });

  it('does not agree after a list that could not be written, had no room, or met a ban made by hand', async () => {
    const core = await Core.make();
    const lists = new JailLists();
    const differs = async (...texts: readonly string[]) =>
      (await core.intake.compareDigests(web1, digest(...texts), lists)).length > 0;
    const part = (at: number) =>
      ({ type: 'jail', jail: 'sshd', part: at, parts: 2, entries: entries(`203.0.113.${at}`) }) as const;
    core.ledger.isFull = true;
    await core.intake.takePart(web1, part(1), lists);
    core.ledger.isFull = false;
    await core.intake.takePart(web1, part(2), lists);
    assert.equal(await differs('203.0.113.1', '203.0.113.2'), true);

    const many = Array.from({ length: 101 }, (_, at) => `198.51.100.${at}`);
    assert.deepEqual((await core.list(web1, entries(...many), lists))?.refused, { 'quota-exceeded': 2 });
    assert.equal(await differs(...many), true);

    await core.send(web1, [makeEvent(1, '203.0.113.1', { source: 'hand' })]);
    await core.list(web1, entries('203.0.113.1'), lists);
    assert.equal(await differs('203.0.113.1'), true);
  });

  it('is answered while the ledger cannot write', async () => {
    const core = await Core.make();
    core.ledger.isFull = true;
    const sent = core.send(web1, [makeEvent(1, '203.0.113.1')]);
    assert.deepEqual(await core.intake.compareDigests(web1, digest('203.0.113.1'), new JailLists()), ['sshd']);
    assert.deepEqual(await sent, ['ledger-unavailable']);
  });
});

describe('what stands', () => {
  it('is what the ledger holds, after events and lists alike', async () => {
    const core = await Core.make();
    await core.send(web1, [makeEvent(1, '203.0.113.1'), makeEvent(2, '203.0.113.2')]);
    await core.list(web1, entries('203.0.113.2', '203.0.113.3'));
    const { reports, sequence } = await core.ledger.load();
    const standing = [...core.standing.values()].flatMap((ban) => ban.reports);
    assert.deepEqual(bySequence(standing), bySequence(reports));
    assert.equal(core.standing.sequence, sequence);
  });
});

function bySequence(reports: readonly Report[]): Report[] {
  return reports.toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
}
