import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type Batch, type Channel, DeliveryError } from '../../../server/notifications/channel.ts';
import { batchMax, Delivery, type DeliveryEvent, gatherMs } from '../../../server/notifications/delivery.ts';
import { type Notice, noticeKinds } from '../../../server/notifications/notice.ts';
import { ageMaxMs } from '../../../server/notifications/notice-queue.ts';
import { waitingMax } from '../../../server/notifications/waiting-notices.ts';
import { type Ending, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';

const ban = (network: string): Notice => ({ kind: 'ban', network, client: 'web1', jail: 'sshd', endsAt: null });

/** A channel that keeps what it gets, and answers as the test says. */
class KeepingChannel implements Channel {
  readonly name = 'kept/here';
  readonly batches: Batch[] = [];
  answer: () => Promise<void> = () => Promise.resolve();
  isClosed = false;
  #atOnce = 0;

  async send(batch: Batch): Promise<void> {
    this.#atOnce += 1;
    assert.equal(this.#atOnce, 1, 'one at a time');
    this.batches.push(batch);
    try {
      await this.answer();
    } finally {
      this.#atOnce -= 1;
    }
  }

  close(): void {
    this.isClosed = true;
  }

  get networks(): string[] {
    return this.batches.map(({ events }) =>
      events.map(({ told: { notice } }) => ('network' in notice ? notice.network : notice.kind)).join(' '),
    );
  }
}

const fail = (code: 'retry' | 'rejected', reason: string) => (): Promise<void> =>
  Promise.reject(new DeliveryError(code, reason));

/** A delivery at work, with a clock that the test moves. */
class DeliveryUnderTest {
  readonly clock = new ManualClock();
  readonly channel = new KeepingChannel();
  readonly events: DeliveryEvent[] = [];
  readonly delivery: Delivery;
  readonly #ending = new AbortController();

  constructor(ending: Ending) {
    let ids = 0;
    this.delivery = new Delivery({
      opened: { channel: this.channel, filter: { kinds: new Set(noticeKinds), jails: ['*'] } },
      clock: this.clock,
      random: () => 1,
      newId: () => {
        ids += 1;
        return `id-${ids}`;
      },
      onEvent: (_channel, event) => this.events.push(event),
    });
    const running = this.delivery.run(this.#ending.signal);
    ending.after(async () => {
      this.#ending.abort();
      await running;
      assert.ok(this.channel.isClosed);
    });
  }

  /** Lets time pass until the channel was asked so often. */
  async sent(times: number): Promise<void> {
    await until(() => {
      if (this.channel.batches.length < times) this.clock.advance(Math.min(this.clock.nextInMs ?? 0, 1_000));
      return this.channel.batches.length >= times;
    }, `${times} batches were sent`);
  }
}

describe('a delivery', () => {
  testWithEnding('gathers what comes within a second, and tells it in one batch', async (ending) => {
    const test = new DeliveryUnderTest(ending);
    for (const network of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) test.delivery.tell(ban(network));
    await until(() => test.clock.nextInMs === gatherMs, 'it gathers');
    assert.deepEqual(test.channel.networks, []);
    await test.sent(1);
    test.delivery.tell(ban('203.0.113.4'));
    await test.sent(2);
    assert.deepEqual(test.channel.networks, ['203.0.113.1 203.0.113.2 203.0.113.3', '203.0.113.4']);
    const ids = test.channel.batches.flatMap(({ id, events }) => [id, ...events.map((event) => event.id)]);
    assert.equal(new Set(ids).size, 6);
  });

  testWithEnding('tells so many in a batch, and the rest in the next', async (ending) => {
    const test = new DeliveryUnderTest(ending);
    for (let at = 0; at < batchMax + 1; at += 1) test.delivery.tell(ban(`203.0.113.${at}`));
    await test.sent(2);
    assert.deepEqual(
      test.channel.batches.map(({ events }) => events.length),
      [batchMax, 1],
    );
  });

  testWithEnding('sends the same batch again, ever more seldom, until it is taken', async (ending) => {
    const test = new DeliveryUnderTest(ending);
    test.channel.answer = fail('retry', 'it answers with the status 500');
    test.delivery.tell(ban('203.0.113.1'));
    await test.sent(1);
    const startedAt = test.clock.elapsed();
    await test.sent(6);
    test.delivery.tell(ban('203.0.113.2'));
    assert.ok(test.clock.elapsed() - startedAt >= 31_000, '1 + 2 + 4 + 8 + 16 seconds');
    const [first, ...others] = test.channel.batches;
    for (const other of others) assert.deepEqual(other, first);
    assert.deepEqual(test.events, [{ kind: 'failed', reason: 'it answers with the status 500' }]);
    const { state, waiting } = test.delivery.status;
    assert.deepEqual([state.kind, waiting], ['failing', 1]);
    test.channel.answer = () => Promise.resolve();
    await test.sent(8);
    assert.deepEqual(test.channel.networks.slice(6), ['203.0.113.1', '203.0.113.2']);
    await until(() => test.delivery.status.delivered === 2, 'both are counted');
    assert.deepEqual([test.delivery.status.state.kind, test.events.at(-1)], ['good', { kind: 'recovered' }]);
  });

  testWithEnding('drops what was not taken in an hour, counts it, and says so with the next', async (ending) => {
    const test = new DeliveryUnderTest(ending);
    test.channel.answer = fail('retry', 'no answer');
    test.delivery.tell(ban('203.0.113.1'));
    await test.sent(1);
    const startedAt = test.clock.elapsed();
    await until(() => {
      test.clock.advance(Math.min(test.clock.nextInMs ?? 0, 60_000));
      return test.delivery.status.dropped === 1;
    }, 'it is dropped');
    assert.ok(test.clock.elapsed() - startedAt >= ageMaxMs);
    test.channel.answer = () => Promise.resolve();
    const tries = test.channel.batches.length;
    test.delivery.tell(ban('203.0.113.2'));
    await test.sent(tries + 1);
    test.delivery.tell(ban('203.0.113.3'));
    await test.sent(tries + 2);
    assert.deepEqual(
      test.channel.batches.slice(tries).map(({ dropped }) => dropped),
      [1, 0],
    );
  });

  testWithEnding('drops at once what the receiver never wants, and goes on with the next', async (ending) => {
    const test = new DeliveryUnderTest(ending);
    test.channel.answer = fail('rejected', 'it answers with the status 400');
    test.delivery.tell(ban('203.0.113.1'));
    await test.sent(1);
    test.channel.answer = () => Promise.resolve();
    test.delivery.tell(ban('203.0.113.2'));
    await test.sent(2);
    assert.deepEqual(test.channel.networks, ['203.0.113.1', '203.0.113.2']);
    assert.deepEqual([test.delivery.status.dropped, test.channel.batches[1]?.dropped], [1, 1]);
  });

  testWithEnding('holds up nobody and stays bounded while its channel hangs', async (ending) => {
    const test = new DeliveryUnderTest(ending);
    let free = (): void => undefined;
    test.channel.answer = () => new Promise((resolve) => (free = resolve));
    test.delivery.tell(ban('203.0.113.1'));
    await test.sent(1);
    for (let at = 0; at < 50_000; at += 1) test.delivery.tell(ban(`2001:db8::${at.toString(16)}`));
    assert.equal(test.delivery.status.waiting, waitingMax);
    test.channel.answer = () => Promise.resolve();
    free();
    await test.sent(2);
    assert.equal(test.channel.batches[1]?.dropped, 50_000 - waitingMax);
  });

  testWithEnding(
    'tells a test after the batch that is under way, and tries again at once when it is taken',
    async (ending) => {
      const test = new DeliveryUnderTest(ending);
      let refuse = (_error: Error): void => undefined;
      test.channel.answer = () => new Promise((_resolve, reject) => (refuse = reject));
      test.delivery.tell(ban('203.0.113.1'));
      await test.sent(1);
      const tested = test.delivery.test(new AbortController().signal);
      test.channel.answer = () => Promise.resolve();
      refuse(new DeliveryError('retry', 'no answer'));
      await tested;
      await until(() => test.channel.batches.length === 3, 'it tried again, without any time that passed');
      assert.deepEqual(test.channel.networks, ['203.0.113.1', 'test', '203.0.113.1']);
      test.channel.answer = fail('retry', 'not now');
      await assert.rejects(test.delivery.test(new AbortController().signal), /not now/);
    },
  );
});
