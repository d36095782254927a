import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { Timekeeping } from '../../../server/timekeeping/timekeeping.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';
import { type RunningServer, withServer } from '../running-server.ts';

const log = pino({ level: 'silent' });
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const jump = 60 * day;

/** A server on a host whose clock a test sets, and that is believed or not. */
class Timed {
  readonly server: RunningServer;
  readonly host: ManualClock;

  constructor(server: RunningServer, host: ManualClock) {
    this.server = server;
    this.host = host;
  }

  /** Lets time pass, and what is done each second and each minute be done. */
  async pass(ms: number): Promise<void> {
    this.host.advance(ms);
    for (let second = 0; second < 3; second += 1) await this.#second();
  }

  async isBelieved(): Promise<boolean> {
    await this.#second();
    return (await this.server.ask('clock'))['kind'] === 'agreed';
  }

  /** What is banned, whitelisted, and how many keys web1 has, at once or soon. */
  async has(expected: readonly unknown[]): Promise<void> {
    let seen: unknown;
    const look = async (): Promise<boolean> => {
      await this.#second();
      seen = [this.server.blocked, await this.#allowed(), await this.#countKeys()];
      return isDeepStrictEqual(seen, expected);
    };
    await until(look, `it has ${JSON.stringify(expected)}`);
  }

  async #second(): Promise<void> {
    this.host.advance(1_000);
    await this.server.ask('status');
  }

  async #allowed(): Promise<unknown[]> {
    const { timed } = await this.server.ask('allow-list');
    return Array.isArray(timed) ? timed.map(({ network }) => network) : [];
  }

  async #countKeys(): Promise<number> {
    const { clients } = await this.server.ask('client-list');
    return Array.isArray(clients) ? (clients[0]?.keys.length ?? 0) : 0;
  }
}

function testTimed(what: string, work: (timed: Timed) => Promise<void>): void {
  testWithEnding(what, async (context) => {
    const host = new ManualClock();
    const boot = { id: 'a', uptimeMs: () => host.elapsed() };
    const timekeeping = await Timekeeping.open({ folders: [await makeFolder(context)], host, boot, log });
    await withServer((server) => work(new Timed(server, host)), undefined, {
      parts: { clock: timekeeping.clock, timekeeping },
    });
  });
}

testTimed('what was recorded while a jump was disputed lasts its time when that is believed', async (timed) => {
  const { server, host } = timed;
  await server.ask('client-add', { name: 'web1' });
  await server.ask('ban', { network: '203.0.113.1', ttl: '30d' });
  await server.ask('allow-add', { network: '203.0.113.101', for: '30d' });
  host.set(jump);
  await timed.pass(minute);
  await server.ask('ban', { network: '203.0.113.2', ttl: '2d' });
  await server.ask('ban', { network: '203.0.113.3', ttl: '1h' });
  await server.ask('ban', { network: '203.0.113.4' });
  await server.ask('allow-add', { network: '203.0.113.102', for: '2d' });
  await server.ask('client-rotate', { name: 'web1', overlap: '2d' });
  await timed.pass(2 * hour);
  await timed.has([['203.0.113.1', '203.0.113.2', '203.0.113.4'], ['203.0.113.101', '203.0.113.102'], 2]);
  await timed.pass(day);
  await until(() => timed.isBelieved(), 'the clock is believed');
  await timed.has([['203.0.113.2', '203.0.113.4'], ['203.0.113.102'], 2]);
  await timed.pass(day);
  await timed.has([['203.0.113.4'], [], 1]);
});

testTimed('the same when the operator says that the clock is right', async (timed) => {
  const { server, host } = timed;
  host.set(jump);
  await timed.pass(minute);
  await server.ask('ban', { network: '203.0.113.2', ttl: '2d' });
  assert.equal((await server.ask('clock', { believe: true }))['kind'], 'agreed');
  await timed.pass(day);
  await timed.has([['203.0.113.2'], [], 0]);
  await timed.pass(day);
  await timed.has([[], [], 0]);
});

testTimed('a jump is not believed as long as the ends cannot be written', async (timed) => {
  const { server, host } = timed;
  host.set(jump);
  await timed.pass(minute);
  await server.ask('ban', { network: '203.0.113.2', ttl: '3d' });
  server.ledger.isFull = true;
  await timed.pass(day + hour);
  await assert.rejects(server.ask('clock', { believe: true }), /full/);
  assert.equal(await timed.isBelieved(), false);
  await timed.has([['203.0.113.2'], [], 0]);
  server.ledger.isFull = false;
  await until(() => timed.isBelieved(), 'the clock is believed');
  await timed.pass(day);
  await timed.has([['203.0.113.2'], [], 0]);
  await timed.pass(day);
  await timed.has([[], [], 0]);
});
