import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { answerMaxBytes, callMaxMs } from '../../../../server/sources/crowdsec/crowdsec-api.ts';
import type { CrowdsecSettings } from '../../../../server/sources/crowdsec/crowdsec-settings.ts';
import { CrowdsecSource } from '../../../../server/sources/crowdsec/crowdsec-source.ts';
import { waitUntil } from '../../../end-to-end/wait-until.ts';
import { type Ending, lastFirst } from '../../../ending.ts';
import { Core } from '../../core.ts';
import { network } from '../../samples.ts';
import { rawDecision } from './samples.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const pollMs = 10_000;
const name = 'crowdsec/main';

function json(value: unknown, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
  };
}

/** A source that asks something on a loopback port which only seems to be CrowdSec. */
class Bench {
  readonly core: Core;
  readonly source: CrowdsecSource;
  readonly requests: { readonly url: string | undefined; readonly agent: string | undefined }[];
  readonly logLines: Readonly<Record<string, unknown>>[] = [];
  readonly #set: (answer: Answer) => void;

  private constructor(
    core: Core,
    port: number,
    rest: Pick<Bench, 'requests'> & { set: (answer: Answer) => void },
    more: Partial<CrowdsecSettings>,
  ) {
    this.core = core;
    this.requests = rest.requests;
    this.#set = rest.set;
    const settings: CrowdsecSettings = {
      name: 'main',
      endpoint: { scheme: 'http', host: '127.0.0.1', port },
      readKey: () => 'secret',
      filter: { origins: undefined, scenarios: ['*'] },
      most: 100,
      pollSeconds: pollMs / 1_000,
      ...more,
    };
    const log = pino({ level: 'debug' }, { write: (line) => this.logLines.push(JSON.parse(line)) });
    this.source = new CrowdsecSource(settings, { ...core, log, version: '1.2.3', soon: setImmediate });
  }

  /** Starts it, and waits for its first pass. */
  static async start(test: Ending, answer: Answer, more: Partial<CrowdsecSettings> = {}): Promise<Bench> {
    const ending = lastFirst(test);
    const requests: { url: string | undefined; agent: string | undefined }[] = [];
    let current = answer;
    const server = createServer((request, response) => {
      requests.push({ url: request.url, agent: request.headers['user-agent'] });
      response.on('error', () => response.destroy());
      current(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ending.after(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const set = (next: Answer): void => {
      current = next;
    };
    const bench = new Bench(await Core.make(), port, { requests, set }, more);
    const stopping = new AbortController();
    const running = bench.source.run(stopping.signal);
    ending.after(async () => {
      stopping.abort();
      await running;
    });
    await bench.rests();
    return bench;
  }

  /** Lets the pause pass and waits for the pass after it. */
  async pass(answer?: Answer): Promise<void> {
    if (answer !== undefined) this.#set(answer);
    this.core.clock.advance(this.core.clock.nextInMs ?? 0);
    await this.rests();
  }

  /** Makes it ask, and does not wait for the answer. */
  async ask(answer: Answer): Promise<void> {
    this.#set(answer);
    const before = this.requests.length;
    this.core.clock.advance(this.core.clock.nextInMs ?? 0);
    await waitUntil('it asks', () => this.requests.length > before, 60_000);
  }

  /** Between two passes, the only timer is that of the pause. */
  async rests(): Promise<void> {
    const { clock } = this.core;
    await waitUntil('it rests', () => clock.nextInMs !== undefined && clock.nextInMs !== callMaxMs, 60_000);
  }

  get claims(): readonly string[] {
    return this.core.claims.filter((claim) => claim.includes(name)).map((claim) => claim.split(' ', 1).join(''));
  }

  get failure(): string {
    const { state } = this.source;
    return state.kind === 'failing' ? `${state.code}: ${state.reason}` : state.kind;
  }
}

const two = json([rawDecision(1, '203.0.113.1'), rawDecision(2, '203.0.113.2')]);

describe('a source', () => {
  it('asks for bans, with its name and version, for its origins only', async (test) => {
    const bench = await Bench.start(test, two, { filter: { origins: ['cscli', 'lists:x'], scenarios: ['*'] } });
    assert.deepEqual(bench.requests, [
      { url: '/v1/decisions?type=ban&origins=cscli,lists%3Ax', agent: 'fail2networkban/1.2.3' },
    ]);
    assert.deepEqual(bench.claims, ['203.0.113.1', '203.0.113.2']);
    assert.equal(bench.core.clock.nextInMs, pollMs);
    await bench.pass();
    assert.equal(bench.requests.length, 2);
  });

  const failures: readonly (readonly [what: string, answer: Answer, failure: RegExp])[] = [
    ['no JSON', (_request, response) => response.end('<html>'), /^retry: the answer is not JSON/],
    ['half of an answer', (_request, response) => response.end('[{"id":1'), /^retry: the answer is not JSON/],
    ['another JSON', json({ new: [] }), /^retry: the answer is not a list of decisions/],
    [
      'a key that is not known',
      json({ message: 'access forbidden' }, 403),
      /^denied: it answered 403, .*access forbidden/,
    ],
    ['a fault of its own', json({ message: 'database is locked' }, 500), /^retry: it answered 500/],
    ['nothing', (_request, response) => response.writeHead(204).end(), /^retry: it answered 204/],
    [
      'a redirect',
      (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /^retry: it answered 302/,
    ],
    ['a hang-up', (request) => request.socket.destroy(), /^retry: /],
    [
      'a body that breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('[', () => response.destroy());
      },
      /^retry: /,
    ],
    [
      'control characters',
      (_request, response) => response.writeHead(500).end('\u001b[2J\u0007\u009b'),
      /^retry: it answered 500: "[^\p{Cc}]*"$/u,
    ],
    [
      'more than it may send',
      (_request, response) => response.end(Buffer.alloc(answerMaxBytes + 1, ' ')),
      /^retry: .*more than 16777216 bytes/,
    ],
  ];
  for (const [what, answer, failure] of failures) {
    it(`that answers with ${what} is failing, and keeps its reports until it answers again`, async (test) => {
      const bench = await Bench.start(test, two);
      await bench.pass(answer);
      assert.match(bench.failure, failure);
      assert.deepEqual(bench.claims, ['203.0.113.1', '203.0.113.2']);
      assert.equal(bench.core.clock.nextInMs, bench.failure.startsWith('denied') ? 60_000 : pollMs);
      await bench.pass();
      assert.equal(bench.logLines.filter(({ msg }) => /the source fails/.test(String(msg))).length, 1);
      await bench.pass(json(null));
      assert.equal(bench.failure, 'good');
      assert.deepEqual(bench.claims, []);
    });
  }

  it('that does not answer in time is failing', async (test) => {
    const bench = await Bench.start(test, two);
    await bench.ask((_request, response) => response.write('[{"id":'));
    bench.core.clock.advance(callMaxMs);
    await bench.rests();
    assert.match(bench.failure, /^retry: no answer in 30 s/);
    assert.deepEqual(bench.claims, ['203.0.113.1', '203.0.113.2']);
  });

  it('that takes long is left in peace for longer', async (test) => {
    const bench = await Bench.start(test, two);
    await bench.ask((_request, response) => {
      bench.core.clock.advance(2_000);
      response.end('null');
    });
    await waitUntil('it rests for twenty times as long', () => bench.core.clock.nextInMs === 40_000, 60_000);
  });

  it('passes the policy: what is refused is counted, rests, and is asked about again', async (test) => {
    const values = ['192.0.2.9', '10.0.0.1', '127.0.0.1', '0.0.0.0/0', '203.0.113.7'];
    const list = values.map((value, at) => rawDecision(at, value));
    const bench = await Bench.start(test, json(list));
    const refused = (): number => bench.core.decisions.filter(({ code }) => code !== 'recorded').length;
    assert.deepEqual([bench.claims, bench.source.counts.refused, refused()], [['203.0.113.7'], 4, 4]);
    await bench.pass();
    assert.equal(refused(), 4);
    for (let passes = 0; passes < 30; passes += 1) await bench.pass();
    assert.equal(refused(), 8);
    await bench.pass(json(list.map((each, at) => ({ ...each, id: 10 + at }))));
    assert.equal(refused(), 12);
    await bench.pass(json(null));
    assert.equal(bench.source.counts.refused, 0);
  });

  it('leaves out what is beyond its ceiling, says so once, and takes it in when there is room', async (test) => {
    const list = Array.from({ length: 1_200 }, (_, at) =>
      rawDecision(at, `203.0.${Math.floor(at / 250)}.${(at % 250) + 1}`),
    );
    const bench = await Bench.start(test, json(list), { most: 60 });
    assert.deepEqual([bench.claims.length, bench.source.counts.leftOut], [60, 1_140]);
    assert.ok(bench.core.standing.get(network('203.0.4.200')) !== undefined);
    await bench.pass();
    await bench.pass(json(list.slice(0, 50)));
    assert.deepEqual([bench.claims.length, bench.source.counts.leftOut], [50, 0]);
    const said = bench.logLines.filter(({ msg }) => /left out/.test(String(msg))).map(({ leftOut }) => leftOut);
    assert.deepEqual(said, [1_140, undefined]);
  });

  it('keeps its good decisions when others cannot be read', async (test) => {
    const bench = await Bench.start(
      test,
      json([7, null, rawDecision(1, 'host.example'), rawDecision(2, '203.0.113.2')]),
    );
    assert.deepEqual([bench.claims, bench.source.counts.malformed], [['203.0.113.2'], 3]);
  });

  it('takes what the ledger could not write at its next pass', async (test) => {
    const bench = await Bench.start(test, json(null));
    bench.core.ledger.isFull = true;
    await bench.pass(two);
    assert.deepEqual([bench.claims, bench.source.counts.refused], [[], 0]);
    bench.core.ledger.isFull = false;
    await bench.pass();
    assert.deepEqual(bench.claims, ['203.0.113.1', '203.0.113.2']);
  });

  it('stops while it waits for an answer, at once', async (test) => {
    const bench = await Bench.start(test, two);
    await bench.ask(() => undefined);
    assert.equal(bench.failure, 'good');
  });

  it('ends its reports when their time comes, whether it answers or not', async (test) => {
    const bench = await Bench.start(test, json([rawDecision(1, '203.0.113.1', { duration: '5s' })]));
    await bench.pass((request) => request.socket.destroy());
    assert.equal(bench.core.standing.due(bench.core.clock.now()).length, 1);
  });
});
