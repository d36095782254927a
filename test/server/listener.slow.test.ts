import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { answersMaxMs, type Certificate } from '../../server/listener.ts';
import { closeCodes } from '../../shared/close-code.ts';
import { subprotocol } from '../../shared/frames.ts';
import { limits } from '../../shared/limits.ts';
import { makeCertificates } from '../certificates.ts';
import { until } from '../until.ts';
import { Core } from './core.ts';
import type { FailingLedger } from './failing-ledger.ts';
import { Listening, Peer } from './listening.ts';
import { Hosts } from './session-pair.ts';
import { StrangerSocket } from './stranger-socket.ts';

interface Site {
  readonly hosts: Hosts;
  readonly listening: Listening;
  readonly ca: Buffer | undefined;
}

let folder = '';
let certificate: Certificate | undefined;
let ca: Buffer | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'f2nb-listener-'));
  const files = await makeCertificates(folder);
  certificate = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
  ca = readFileSync(files.caFile);
});
after(() => rm(folder, { recursive: true }));

/** Runs `work` against a listener and ends it. */
async function withListener(isTls: boolean, work: (site: Site) => Promise<void>): Promise<void> {
  const hosts = new Hosts(await Core.make());
  const listening = await Listening.start(hosts, isTls ? certificate : undefined);
  try {
    await work({ hosts, listening, ca: isTls ? ca : undefined });
    assert.deepEqual(listening.faults, []);
  } finally {
    const closed = listening.listener.close();
    hosts.core.clock.advance(10_000);
    await closed;
  }
}

const ban = (number: number) => ({
  type: 'events',
  stream: 'stream-1',
  events: [{ number, verb: 'ban', jail: 'sshd', network: '203.0.113.1', ttlSeconds: 600 }],
});

/** Commits end only when it goes. */
function makeSlow(ledger: FailingLedger): { readonly go: () => void } {
  let go = (): void => undefined;
  ledger.ready = new Promise((resolve) => {
    go = resolve;
  });
  return { go: () => go() };
}

const upgradeRequest = (protocol: string): string =>
  [
    'GET / HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Sec-WebSocket-Protocol: ${protocol}`,
    '\r\n',
  ].join('\r\n');

for (const isTls of [true, false]) {
  describe(`a listener ${isTls ? 'with' : 'without'} TLS`, () => {
    it('serves a client from hello to results', () =>
      withListener(isTls, async ({ listening, hosts, ca: authority }) => {
        const peer = await Peer.logIn(listening.port, authority);
        const answer = await peer.ask(ban(1));
        assert.deepEqual(answer.type === 'results' && answer.results, [{ number: 1, outcome: 'recorded' }]);
        assert.deepEqual(
          [hosts.core.claims, peer.socket.protocol, peer.socket.extensions],
          [['203.0.113.1 web1 sshd'], subprotocol, ''],
        );
        assert.equal(listening.listener.strangers, 0);
        assert.equal(
          hosts.core.policy.refuseAddress(hosts.connected.list()[0]?.address ?? assert.fail())?.code,
          'special-purpose',
        );
        peer.close();
        await until(() => hosts.connected.list().length === 0, 'the connection is gone');
      }));

    it('cuts off who says nothing, at whatever level, when the time for a login is over', () =>
      withListener(isTls, async ({ listening, hosts, ca: authority }) => {
        const openOne = isTls ? StrangerSocket.openTls : StrangerSocket.open;
        const peers = [
          await StrangerSocket.open(listening.port),
          await openOne(listening.port),
          await openOne(listening.port),
        ];
        peers[1]?.send('GET / HT');
        peers.at(-1)?.send('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
        const webSocket = await Peer.open(listening.port, authority);
        const loggedIn = await Peer.logIn(listening.port, authority);
        await until(() => listening.listener.strangers === peers.length + 1, 'all are counted');
        hosts.core.clock.advance(limits.loginMaxMs - 1);
        assert.ok(peers.every(({ isOpen }) => isOpen));
        hosts.core.clock.advance(1);
        await Promise.all(peers.map(({ closed }) => closed));
        assert.equal(await webSocket.closed, closeCodes.loginTimeout);
        assert.equal(listening.turnedAway.length, peers.length + 1);
        assert.equal((await loggedIn.ask(ban(1))).type, 'results');
        await until(() => listening.listener.strangers === 0, 'nobody is counted any more');
      }));

    it('lets drip in no login byte by byte for longer than others have', () =>
      withListener(isTls, async ({ listening, hosts }) => {
        const slow = isTls ? await StrangerSocket.openTls(listening.port) : await StrangerSocket.open(listening.port);
        slow.send(upgradeRequest(subprotocol));
        await until(() => slow.received.includes('hello'), 'the server says hello');
        for (let second = 1; second <= limits.loginMaxMs / 1_000; second += 1) {
          slow.send('\u0081');
          hosts.core.clock.advance(1_000);
        }
        hosts.core.clock.advance(2_000);
        await slow.closed;
        assert.equal(listening.listener.strangers, 0);
      }));

    it('turns away who does not offer the subprotocol', () =>
      withListener(isTls, async ({ listening, ca: authority }) => {
        for (const offered of [[], ['other.v1'], [`${subprotocol}1`]]) {
          const socket = new WebSocket(`${isTls ? 'wss' : 'ws'}://127.0.0.1:${listening.port}`, offered, {
            ...(authority && { ca: authority }),
          });
          const [error] = await once(socket, 'error');
          assert.match(String(error), /400/);
        }
        assert.equal(listening.turnedAway.length, 3);
      }));
  });
}

describe('a listener', () => {
  it('hands a plain HTTP request on, with where it comes from', () =>
    withListener(false, async ({ listening }) => {
      const [response] = await once(get(`http://127.0.0.1:${listening.port}/`), 'response');
      assert.deepEqual([response.statusCode, response.headers['x-from']], [404, '127.0.0.1']);
      response.resume();
    }));

  it(`takes in ${limits.strangersPerAddressMax} from one address who have not logged in, and who has stays served`, () =>
    withListener(true, async ({ listening, hosts, ca: authority }) => {
      const client = await Peer.logIn(listening.port, authority);
      const sockets: StrangerSocket[] = [];
      for (let count = 0; count < 1_000; count += 1) sockets.push(await StrangerSocket.open(listening.port));
      await until(
        () => listening.turnedAway.length === 1_000 - limits.strangersPerAddressMax,
        'the others are cut off',
      );
      assert.equal(listening.listener.strangers, limits.strangersPerAddressMax);
      assert.deepEqual(new Set(listening.turnedAway), new Set(['too many connections without a login']));
      assert.equal((await client.ask(ban(1))).type, 'results');
      hosts.core.clock.advance(limits.loginMaxMs);
      await Promise.all(sockets.map(({ closed }) => closed));
      client.close();
      (await Peer.logIn(listening.port, authority)).close();
    }));

  it(`takes in ${limits.strangersMax} who have not logged in from everywhere together`, () =>
    withListener(false, async ({ listening, hosts }) => {
      const client = await Peer.logIn(listening.port);
      const places = limits.strangersMax / limits.strangersPerAddressMax + 1;
      const sockets: StrangerSocket[] = [];
      for (let place = 1; place <= places; place += 1) {
        for (let count = 0; count < limits.strangersPerAddressMax; count += 1) {
          sockets.push(await StrangerSocket.open(listening.port, `127.0.0.${place}`));
        }
      }
      await until(
        () => listening.turnedAway.length === limits.strangersPerAddressMax,
        'those of the last place are cut off',
      );
      assert.equal(listening.listener.strangers, limits.strangersMax);
      assert.equal((await client.ask(ban(1))).type, 'results');
      hosts.core.clock.advance(limits.loginMaxMs);
      await Promise.all(sockets.map(({ closed }) => closed));
      assert.equal(listening.listener.strangers, 0);
    }));

  it('closes on a frame that is too long, before it is whole', () =>
    withListener(false, async ({ listening }) => {
      const peer = await Peer.logIn(listening.port);
      peer.socket.send(Buffer.alloc(16_777_216, 'x').toString());
      await peer.closed;
      assert.deepEqual(listening.rejections, ['malformed: Max payload size exceeded']);
    }));

  it('takes a frame as long as may be', () =>
    withListener(false, async ({ listening }) => {
      const peer = await Peer.logIn(listening.port);
      const short = JSON.stringify({ seq: 1, ...ban(1), padding: '' }).length + 44;
      const answer = await peer.ask({ ...ban(1), padding: 'x'.repeat(limits.frameMaxBytes - short) });
      assert.equal(answer.type, 'results');
      peer.socket.send(peer.sealed({ ...ban(2), padding: 'x'.repeat(limits.frameMaxBytes - short + 1) }));
      assert.equal(await peer.closed, closeCodes.tooLong);
    }));

  it('keeps no more of a stranger than a login', () =>
    withListener(false, async ({ listening }) => {
      const peer = await Peer.open(listening.port);
      peer.socket.send('x'.repeat(limits.loginFrameMaxBytes + 100), { fin: false });
      assert.equal(await peer.closed, closeCodes.tooLong);
      assert.deepEqual(listening.rejections, ['malformed: more than 1024 bytes without a login']);
    }));

  it('takes what a client sends right behind its login', () =>
    withListener(false, async ({ listening }) => {
      const peer = await Peer.open(listening.port);
      peer.sendLogin();
      peer.socket.send(peer.sealed({ ...ban(1), padding: 'x'.repeat(100_000) }));
      assert.deepEqual([(await peer.next()).type, (await peer.next()).type], ['welcome', 'results']);
    }));

  it('closes on a binary frame', () =>
    withListener(false, async ({ listening }) => {
      const peer = await Peer.logIn(listening.port);
      peer.socket.send(Buffer.from(peer.sealed(ban(1))));
      const answer = await peer.next();
      assert.equal(answer.type === 'refused' && answer.code, 'malformed');
      assert.equal(await peer.closed, closeCodes.malformed);
    }));

  it('closes on what is no WebSocket frame', () =>
    withListener(false, async ({ listening }) => {
      const socket = await StrangerSocket.open(listening.port);
      socket.send(upgradeRequest(subprotocol));
      await until(() => socket.received.includes('hello'), 'the server says hello');
      socket.send('not masked, not a frame');
      await until(() => listening.rejections.length === 1, 'it is told');
      assert.match(listening.rejections[0] ?? '', /^malformed: /);
    }));

  it('lets a client in that has all connections that it may, and ends its oldest', () =>
    withListener(false, async ({ listening, hosts }) => {
      const first = await Peer.logIn(listening.port);
      for (let count = 1; count < limits.connectionsPerClientMax; count += 1) await Peer.logIn(listening.port);
      const newest = await Peer.logIn(listening.port);
      assert.equal(await first.closed, closeCodes.tooMany);
      assert.equal((await newest.ask({ type: 'query', id: 1, about: 'self' })).type, 'answer');
      assert.equal(hosts.connected.list().length, limits.connectionsPerClientMax);
    }));

  it('ends a connection that gives no sign of life, and keeps one that does', () =>
    withListener(false, async ({ listening, hosts }) => {
      const [alive, dead] = [await Peer.logIn(listening.port), await Peer.logIn(listening.port)];
      dead.socket.pause();
      for (let beat = 1; beat <= 3; beat += 1) {
        const pinged = once(alive.socket, 'ping');
        hosts.core.clock.advance(limits.heartbeatMs);
        await pinged;
        await alive.ask(ban(beat));
      }
      await until(() => hosts.connected.list().length === 1, 'the silent one is gone');
      assert.equal((await alive.ask(ban(9))).type, 'results');
      dead.close();
    }));

  it('stops reading from a client that does not read its answers, and goes on when it does', () =>
    withListener(false, async ({ listening, hosts }) => {
      const peer = await Peer.logIn(listening.port);
      const frames = Array.from({ length: 300 }, (_, at) => peer.sealed(manyUnreadable(at)));
      peer.socket.pause();
      for (const frame of frames) peer.socket.send(frame);
      let handled = -1;
      while (handled !== hosts.core.decisions.length) {
        handled = hosts.core.decisions.length;
        await pauseUntilQuiet(hosts);
      }
      assert.ok(handled < frames.length * 500, `${handled} of ${frames.length * 500} were taken`);
      peer.socket.resume();
      await until(() => {
        hosts.core.clock.advance(10);
        return hosts.core.decisions.length === frames.length * 500;
      }, 'all are taken');
    }));

  it('stops in order: says so to each, takes nobody in, and waits for nobody who is silent', () =>
    withListener(true, async ({ listening, hosts, ca: authority }) => {
      const client = await Peer.logIn(listening.port, authority);
      const silent = [await StrangerSocket.open(listening.port), await StrangerSocket.openTls(listening.port)];
      const stranger = await Peer.open(listening.port, authority);
      await until(() => listening.listener.strangers === 3, 'all are counted');
      const closed = listening.listener.close();
      assert.deepEqual([await client.closed, await stranger.closed], [closeCodes.goingAway, closeCodes.goingAway]);
      await Promise.all(silent.map((socket) => socket.closed));
      await closed;
      await assert.rejects(StrangerSocket.open(listening.port), /ECONNREFUSED/);
      assert.equal(hosts.core.clock.waiting, 0);
    }));

  it('answers what it took before it stops, if the ledger is not too slow for that', () =>
    withListener(false, async ({ listening, hosts }) => {
      const { ledger, clock } = hosts.core;
      const disk = makeSlow(ledger);
      const peer = await Peer.logIn(listening.port);
      const answer = peer.ask(ban(1));
      await until(() => ledger.commits.length === 1, 'the commit is under way');
      const closed = listening.listener.close();
      disk.go();
      const results = await answer;
      assert.deepEqual(results.type === 'results' && results.results, [{ number: 1, outcome: 'recorded' }]);
      assert.equal(await peer.closed, closeCodes.goingAway);
      await closed;
      await until(() => clock.waiting === 0, 'no timer is left');
    }));

  it('does not wait for ever for a ledger that is too slow', () =>
    withListener(false, async ({ listening, hosts }) => {
      const { ledger, clock } = hosts.core;
      const disk = makeSlow(ledger);
      const peer = await Peer.logIn(listening.port);
      peer.socket.send(peer.sealed(ban(1)));
      await until(() => ledger.commits.length === 1, 'the commit is under way');
      const closed = listening.listener.close();
      clock.advance(answersMaxMs);
      assert.equal(await peer.closed, closeCodes.goingAway);
      await closed;
      disk.go();
      await hosts.core.record.drain();
    }));

  it('cuts off who does not answer its close', () =>
    withListener(false, async ({ listening, hosts }) => {
      const peer = await Peer.logIn(listening.port);
      peer.socket.pause();
      const closed = listening.listener.close();
      hosts.core.clock.advance(2_000);
      await closed;
      peer.close();
    }));

  it('gives new connections a new certificate', () =>
    withListener(true, async ({ listening, ca: authority }) => {
      const old = await Peer.logIn(listening.port, authority);
      const other = await makeCertificates(join(folder, 'other'));
      listening.listener.setCertificate({ cert: readFileSync(other.certFile), key: readFileSync(other.keyFile) });
      (await Peer.logIn(listening.port, readFileSync(other.caFile))).close();
      await assert.rejects(Peer.logIn(listening.port, authority));
      assert.equal((await old.ask(ban(1))).type, 'results');
    }));
});

/** Events whose refusals take 60 kB: all of them are more than sockets hold. */
function manyUnreadable(at: number): object {
  const events = Array.from({ length: 500 }, (_, index) => ({ number: at * 500 + index + 1, verb: 'x' }));
  return { type: 'events', stream: 'stream-1', events };
}

async function pauseUntilQuiet(hosts: Hosts): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    hosts.core.clock.advance(1);
    await new Promise(setImmediate);
  }
}
