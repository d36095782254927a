import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { connectToServer } from '../../client/uplink.ts';
import { closeReason } from '../../client/uplink-failure.ts';
import { closeCodes } from '../../shared/close-code.ts';
import { FrameError } from '../../shared/field-reader.ts';
import { permissions, verbs } from '../../shared/frames.ts';
import { parseFrameToServer } from '../../shared/parse-frame.ts';
import { parseFrameToClient } from '../../shared/parse-frame-to-client.ts';
import { isTemporary, refusalKinds } from '../../shared/refusal.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { isWord } from '../../shared/word.ts';
import { addressOf, startServer } from '../client/agent-under-test.ts';
import { ManualClock } from '../manual-clock.ts';
import { Core } from '../server/core.ts';
import { makeClient, network } from '../server/samples.ts';
import { Hosts, SessionPair } from '../server/session-pair.ts';
import { examples, type Fields, parse, rows, section, text, toClient, toServer } from './protocol-page.ts';

const types = ['hello', 'login', ...toServer, ...toClient];
const all = types.flatMap((type) => examples(section(`\`${type}\``)));

/** Names of fields, and what stands in them. */
const known = new Set<string>([...types, ...verbs, ...permissions, ...Object.keys(refusalKinds)]);
for (const [word] of text.matchAll(/[A-Za-z-]+/g)) known.add(word);

const newWord = fc.stringMatching(/^[a-z-]{1,40}$/).filter((word) => !known.has(word));
const newName = fc.oneof(newWord, fc.string(), fc.constant('__proto__')).filter((name) => !known.has(name));

/** The frame with one more field in each of its objects but those whose keys are free. */
function extend(frame: object, name: string, value: unknown): Fields {
  const fields = Object.entries(frame).map(([key, inner]) => [key, extendInner(key, inner, name, value)]);
  return Object.fromEntries([...fields, [name, value]]);
}

function extendInner(key: string, inner: unknown, name: string, value: unknown): unknown {
  if (key === 'labels' || key === 'refused') return inner;
  if (Array.isArray(inner)) return inner.map((item: unknown) => (isObject(item) ? extend(item, name, value) : item));
  return isObject(inner) ? extend(inner, name, value) : inner;
}

/** A place of the table "Newer versions": a frame with a word there, and what that is read as. */
interface Place {
  readonly value: string;
  readonly frames: string;
  readonly say: (word: string) => Fields;
  readonly read: (word: string) => object;
}

const [sshd, address] = ['sshd', network('203.0.113.7')];
const event = { number: 1, verb: 'ban', jail: sshd, network: address, ttlSeconds: 600, source: 'jail' };
const eventsOf = (rest: object) => ({ type: 'events', stream: 'stream-1', events: [{ ...event, ...rest }] });
const settled = { type: 'settled', jail: sshd, added: 0, withdrawn: 0, unlisted: [] };
const list = { type: 'jail', jail: sshd, part: 1, parts: 1 };
const unknownState = (word: string) => ({
  state: 'failing',
  detail: `${word}: a state that this version does not know`,
});

const toServerPlaces: readonly Place[] = [
  { ...at('type', 'to the server'), say: (type) => ({ type }), read: (name) => ({ type: 'unknown', name }) },
  {
    ...at('events[].verb', 'events'),
    say: (verb) => eventsOf({ verb }),
    read: (verb) => {
      const detail = `verb "${verb}": allowed are ban, unban, lift`;
      return { ...eventsOf({}), events: [{ number: 1, refusal: { code: 'unknown-verb', detail } }] };
    },
  },
  { ...at('events[].source', 'events'), say: (source) => eventsOf({ source }), read: () => eventsOf({}) },
  {
    ...at('third of `entries[]`', 'jail'),
    say: (bound) => ({ ...list, entries: [[address, 600, bound]] }),
    read: () => ({ ...list, entries: [[address, 600, 'at-most']] }),
  },
  {
    ...at('about', 'query'),
    say: (about) => ({ type: 'query', id: 1, about }),
    read: () => ({ type: 'query', id: 1, about: 'unknown' }),
  },
  {
    ...at('enforcers[].state', 'enforcers'),
    say: (state) => ({ type: 'enforcers', enforcers: [{ enforcer: 'nftables', state, entries: 1 }] }),
    read: (word) => ({ type: 'enforcers', enforcers: [{ enforcer: 'nftables', entries: 1, ...unknownState(word) }] }),
  },
];

const toClientPlaces: readonly Place[] = [
  { ...at('type', 'to the client'), say: (type) => ({ type }), read: (name) => ({ type: 'unknown', name }) },
  {
    ...at('may[]', 'welcome'),
    say: (word) => ({ type: 'welcome', server: 'pve1', may: [word, 'ban', `${word.slice(1)}x`], jails: ['*'] }),
    read: () => ({ type: 'welcome', server: 'pve1', may: ['ban'], jails: ['*'] }),
  },
  same('results[].code', 'results', (code) => ({
    ...{ type: 'results', results: [{ number: 1, outcome: 'refused', code, detail: '' }] },
  })),
  same('keys of `refused`', 'settled', (code) => ({ ...settled, refused: Object.fromEntries([[code, 1]]) })),
  same('code', 'refused', (code) => ({ type: 'refused', code, detail: '' })),
  {
    ...at('enforcement[].state', 'answer'),
    say: (state) => ({ type: 'answer', id: 1, enforcement: [{ enforcer: 'pve', state }] }),
    read: (word) => ({ type: 'answer', id: 1, enforcement: [{ enforcer: 'pve', ...unknownState(word) }] }),
  },
];

function at(value: string, frames: string): Pick<Place, 'value' | 'frames'> {
  return { value, frames };
}

/** Where the word itself is handed on. */
function same(value: string, frames: string, say: Place['say']): Place {
  return { value, frames, say, read: say };
}

async function logIn(): Promise<SessionPair> {
  const client = makeClient({ may: ['ban', 'unban', 'subscribe'] });
  const pair = new SessionPair(new Hosts(await Core.make(), [client]));
  await pair.logIn();
  return pair;
}

describe('what a newer side says', () => {
  it('has a row for each place in PROTOCOL.md', () => {
    const places = [...toServerPlaces, ...toClientPlaces].map(({ value, frames }) => `${value} of ${frames}`);
    const onPage = rows(section('Newer versions'), 'value').map(([value, frames]) => `${value} of ${frames}`);
    assert.deepEqual(onPage.toSorted(), [...places, 'close codes of at the end'].toSorted());
  });

  it('reads every frame as if unknown fields were not there, in whatever object', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), newName, fc.jsonValue({ maxDepth: 2 }), (frame, name, value) => {
        assert.deepEqual(parse(extend(frame, name, value)), parse(frame));
      }),
      { numRuns: 1_000 },
    );
  });

  for (const [end, places, read] of [
    ['server', toServerPlaces, parseFrameToServer],
    ['client', toClientPlaces, parseFrameToClient],
  ] as const) {
    for (const place of places) {
      it(`is read by the ${end} where a word that it does not know is ${place.value} of ${place.frames}`, () => {
        fc.assert(fc.property(newWord, (word) => assert.deepEqual(read(place.say(word)), place.read(word))));
      });
    }
  }

  it('is malformed where a word would have to be and none is', () => {
    const tolerant = new Set(['events[].verb', 'events[].source']);
    const places = [...toServerPlaces, ...toClientPlaces].filter(({ value }) => !tolerant.has(value));
    const noWord = fc.string().filter((word) => !isWord(word) && !known.has(word));
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.oneof(noWord, fc.constant('a'.repeat(41))), ({ say }, word) => {
        const frame = say(word);
        const read = toServerPlaces.some((place) => place.say === say) ? parseFrameToServer : parseFrameToClient;
        assert.throws(() => read(frame), FrameError);
      }),
    );
  });

  it('is malformed in what is closed', () => {
    const feed = { type: 'feed', ledger: 'l', sequence: 1, paused: false, bans: [], ended: [] };
    fc.assert(
      fc.property(newWord, (word) => {
        for (const frame of [
          { ...feed, part: word },
          { type: 'results', results: [{ number: 1, outcome: word }] },
        ])
          assert.throws(() => parseFrameToClient(frame), FrameError);
      }),
    );
  });

  it('is final when it is a code that is not known', () => {
    fc.assert(fc.property(newWord, (word) => assert.equal(isWord(word) && isTemporary(word), false)));
  });

  it('ends a connection that is to be made again when it is a close code that is not known', () => {
    const codes = new Set<number>([...Object.values(closeCodes)]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 4_999 }).filter((code) => !codes.has(code)),
        (code) => assert.equal(closeReason(code, '').code, 'closed'),
      ),
    );
  });
});

describe('a session with a newer client', () => {
  it('stands through every frame with fields that it does not know', async () => {
    const frames = all.filter(({ type }) => toServer.includes(String(type)));
    for (const frame of frames) {
      const pair = await logIn();
      const { seq: _, ...payload } = extend(frame, 'not-known-yet', { any: ['value'] });
      await pair.session.receive(pair.sealed(payload));
      assert.deepEqual([pair.closed, pair.rejections], [undefined, []], JSON.stringify(frame));
    }
  });

  it('stands through every word that it does not know, and answers what comes next', async () => {
    const pair = await logIn();
    for (const { say } of toServerPlaces) await pair.session.receive(pair.sealed(say('not-known-yet')));
    pair.texts.length = Math.min(pair.texts.length, 4);
    assert.deepEqual(
      [pair.next(), pair.next(), pair.next(), pair.next()].map((answer) => answer?.type),
      ['results', 'results', 'settled', 'answer'],
    );
    assert.equal((await pair.ask({ type: 'query', id: 2, about: 'self' }))?.type, 'answer');
    assert.equal(pair.closed, undefined);
    assert.deepEqual(
      pair.rejections.map(({ code, detail }) => [code, detail]),
      [['malformed', 'type: not-known-yet is of no frame that this version knows']],
    );
  });
});

test('a connection stands through fields, words and frames of a newer server', async (context) => {
  const server = await startServer(context);
  server.behaviour.may = ['ban', 'unban', 'subscribe'];
  server.behaviour.reply = (frame) => extend(frame, 'not-known-yet', { any: ['value'] });
  const options = { clock: new ManualClock(), randomBytes, agent: 'test' };
  const connection = await connectToServer(addressOf(server), options, new AbortController().signal);
  const heard: string[] = [];
  connection.onUnknown((type) => heard.push(type));
  server.tell({ type: 'not-known-yet', any: 'value' });
  const ban = { number: 1, verb: 'ban', jail: sshd, network: address, ttlSeconds: 600, source: 'jail' } as const;
  const { results } = await connection.sendEvents({ type: 'events', stream: 'stream-1', events: [ban] });
  assert.deepEqual(results, [{ number: 1, outcome: 'recorded' }]);
  assert.deepEqual((await connection.sendDigests({ type: 'jails', digests: [] })).jails, []);
  assert.equal(
    (await connection.sendMissing({ type: 'missing', jail: sshd, seconds: 9, networks: [address] })).count,
    1,
  );
  server.behaviour.reply = () => toClientPlaces.find(({ frames }) => frames === 'answer')?.say('not-known-yet');
  const { enforcement } = await connection.ask({ about: 'network', network: address });
  assert.deepEqual(enforcement, [{ enforcer: 'pve', ...unknownState('not-known-yet') }]);
  assert.deepEqual([heard, connection.ended.aborted], [['not-known-yet'], false]);
});
