import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Strangers } from '../../server/strangers.ts';
import { limits } from '../../shared/limits.ts';
import { ManualClock } from '../manual-clock.ts';

/** A socket as if it came from anywhere. */
class FarSocket extends Socket {
  override readonly remoteAddress: string;
  override readonly remotePort: number;

  constructor(from: string, port: number) {
    super();
    this.remoteAddress = from;
    this.remotePort = port;
  }
}

function makeStrangers() {
  const turnedAway: (string | undefined)[] = [];
  const clock = new ManualClock();
  const strangers = new Strangers({
    clock,
    isKnown: (address) => address.startsWith('198.51.100.'),
    onTurnedAway: (address) => turnedAway.push(address),
  });
  const arrive = (from: string, port: number): FarSocket => {
    const socket = new FarSocket(from, port);
    strangers.admit(socket);
    return socket;
  };
  return { strangers, clock, turnedAway, arrive };
}

describe('strangers', () => {
  it('from one IPv6 /64 count as from one address, those beside it do not', () => {
    const { strangers, turnedAway, arrive } = makeStrangers();
    for (let host = 1; host <= limits.strangersPerAddressMax; host += 1) arrive(`2001:db8:0:1::${host}`, host);
    assert.equal(arrive('2001:db8:0:1:ffff::1', 1).destroyed, true);
    assert.equal(arrive('2001:db8:0:2::1', 1).destroyed, false);
    assert.deepEqual(turnedAway, ['2001:db8:0:1:ffff::1']);
    assert.equal(strangers.count, limits.strangersPerAddressMax + 1);
  });

  it('make room when they log in', () => {
    const { strangers, arrive } = makeStrangers();
    const sockets = Array.from({ length: limits.strangersPerAddressMax }, (_, port) => arrive('203.0.113.1', port));
    assert.equal(arrive('::ffff:203.0.113.1', 9_999).destroyed, true);
    const [first] = sockets;
    assert.ok(first !== undefined);
    strangers.of(first)?.leave();
    assert.equal(arrive('203.0.113.1', 9_999).destroyed, false);
  });

  it('from another address get a place of whoever has most, when all are taken', () => {
    const { strangers, turnedAway, arrive } = makeStrangers();
    const sockets: FarSocket[] = [];
    for (let host = 1; sockets.length < limits.strangersMax; host += 1)
      for (let port = 1; port <= limits.strangersPerAddressMax; port += 1)
        sockets.push(arrive(`203.0.113.${host}`, port));
    const newcomer = arrive('192.0.2.1', 1);
    assert.deepEqual([newcomer.destroyed, sockets[0]?.destroyed, sockets[1]?.destroyed], [false, true, false]);
    assert.deepEqual([turnedAway, strangers.count], [['203.0.113.1'], limits.strangersMax]);
  });

  it('from addresses by which hosts are known find room, and time, whoever else is there', () => {
    const { clock, arrive } = makeStrangers();
    for (let at = 0; at < limits.strangersMax; at += 1) arrive(`203.0.113.${at % 200}`, at);
    const known = Array.from({ length: 1_000 }, (_, port) => arrive('198.51.100.1', port));
    assert.equal(known.filter(({ destroyed }) => destroyed).length, 0);
    clock.advance(limits.loginMaxMs);
    assert.equal(known.filter(({ destroyed }) => destroyed).length, 0);
    clock.advance(limits.loginKnownMaxMs - limits.loginMaxMs);
    assert.equal(known.filter(({ destroyed }) => destroyed).length, 1_000);
  });

  it('are cut off when their time is over, and those who logged in are not', () => {
    const { strangers, clock, turnedAway, arrive } = makeStrangers();
    const [silent, known] = [arrive('203.0.113.1', 1), arrive('203.0.113.1', 2)];
    strangers.of(known)?.leave();
    clock.advance(limits.loginMaxMs);
    assert.deepEqual([silent.destroyed, known.destroyed, turnedAway], [true, false, ['203.0.113.1']]);
  });

  it('that are gone before they are looked at count for nothing', () => {
    const { strangers, clock } = makeStrangers();
    for (let count = 0; count < 2 * limits.strangersPerAddressMax; count += 1) strangers.admit(new Socket());
    assert.deepEqual([strangers.count, clock.waiting], [0, 0]);
  });
});
