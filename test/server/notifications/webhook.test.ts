import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { type Batch, type Channel, DeliveryError } from '../../../server/notifications/channel.ts';
import { openWebhook } from '../../../server/notifications/webhook.ts';
import type { Trust } from '../../../server/outgoing/endpoint.ts';
import { OutgoingError } from '../../../server/outgoing/outgoing-error.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { type Ending, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { Receiver, secret } from './receiver.ts';

const batch: Batch = {
  id: 'start-1',
  dropped: 3,
  events: [
    {
      id: 'start-2',
      told: {
        at: 1_700_000_000_000,
        count: 2,
        notice: { kind: 'ban', network: '203.0.113.7', client: 'web1', jail: 'sshd', endsAt: null },
      },
    },
  ],
};

const signal = new AbortController().signal;

interface Options {
  readonly trust?: Trust;
  readonly clock?: Clock;
  readonly readSecret?: () => string;
}

function open(ending: Ending, receiver: Receiver, options: Options = {}): Channel {
  const { clock = systemClock, readSecret = () => secret } = options;
  const ours: Trust = { kind: 'ca', readPem: () => readFileSync(receiver.certificates.caFile, 'utf8') };
  const webhook = openWebhook(
    {
      kind: 'webhook',
      name: 'chat',
      filter: { kinds: new Set(), jails: ['*'] },
      endpoint: { scheme: 'https', host: '127.0.0.1', port: receiver.port, trust: options.trust ?? ours },
      target: '/hooks/f2nb?token=x',
      readSecret,
    },
    { clock, serverName: 'pve1', version: '1.2.3' },
  );
  ending.after(() => Promise.resolve(webhook.close()));
  return webhook;
}

async function failureOf(sending: Promise<void>): Promise<DeliveryError> {
  const error: unknown = await sending.then(
    () => assert.fail('it was taken'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof DeliveryError, String(error));
  return error;
}

describe('a webhook', { concurrency: 2 }, () => {
  testWithEnding('posts what happened as JSON, with id, time and signature', async (ending) => {
    const receiver = await Receiver.start(ending);
    await open(ending, receiver).send(batch, signal);
    const [{ path, headers } = assert.fail()] = receiver.received;
    assert.deepEqual(
      [path, headers['content-type'], headers['user-agent'], headers['x-fail2networkban-id']],
      ['/hooks/f2nb?token=x', 'application/json', 'fail2networkban/1.2.3', 'start-1'],
    );
    assert.ok(Math.abs(Date.now() / 1_000 - Number(headers['x-fail2networkban-timestamp'])) < 600);
    const text = '203.0.113.7 is banned by sshd on web1 (2 times)';
    const ban = { kind: 'ban', network: '203.0.113.7', client: 'web1', jail: 'sshd', endsAt: null };
    assert.deepEqual(receiver.bodies, [
      {
        ...{ id: 'start-1', server: 'pve1', dropped: 3 },
        events: [{ id: 'start-2', at: 1_700_000_000_000, count: 2, text, ...ban }],
      },
    ]);
  });

  const statuses: readonly (readonly [status: number, code: 'retry' | 'rejected', reason: RegExp])[] = [
    [500, 'retry', /^it answers with the status 500$/],
    [404, 'retry', /status 404/],
    [429, 'retry', /status 429/],
    [400, 'rejected', /status 400/],
    [413, 'rejected', /status 413/],
    [302, 'retry', /^it answers with a redirect \(302\), and none is followed: put the last address in url$/],
  ];
  for (const [status, code, reason] of statuses) {
    testWithEnding(`that is answered with ${status} has not arrived: ${code}`, async (ending) => {
      const receiver = await Receiver.start(ending);
      const location = `https://127.0.0.1:${receiver.port}/elsewhere`;
      receiver.answer = (response) => response.writeHead(status, { location }).end('x'.repeat(1_000));
      const failure = await failureOf(open(ending, receiver).send(batch, signal));
      assert.equal(failure.code, code);
      assert.match(failure.message, reason);
      assert.deepEqual(
        receiver.received.map(({ path }) => path),
        ['/hooks/f2nb?token=x'],
      );
    });
  }

  const bad: readonly (readonly [what: string, answer: Receiver['answer']])[] = [
    ['closes', (response) => response.destroy()],
    ['answers with garbage', (_, { socket }) => socket.end('this is no HTTP\r\n\r\n')],
    [
      'breaks off',
      (response) => response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy()),
    ],
    ['answers without an end', (response) => void endless(response)],
  ];
  for (const [what, answer] of bad) {
    testWithEnding(`to one that ${what} has not arrived`, async (ending) => {
      const receiver = await Receiver.start(ending);
      receiver.answer = answer;
      assert.equal((await failureOf(open(ending, receiver).send(batch, signal))).code, 'retry');
    });
  }

  testWithEnding('to one that does not answer has a time limit', async (ending) => {
    const receiver = await Receiver.start(ending);
    const clock = new ManualClock();
    const arrived = new Promise<void>((resolve) => (receiver.answer = () => resolve()));
    const failure = failureOf(open(ending, receiver, { clock }).send(batch, signal));
    await arrived;
    clock.advance(10_000);
    assert.match((await failure).message, /^no answer in 10 s$/);
  });

  testWithEnding('sends nothing to one that it cannot trust, or without a secret', async (ending) => {
    const receiver = await Receiver.start(ending);
    const untrusted = await failureOf(open(ending, receiver, { trust: { kind: 'system' } }).send(batch, signal));
    assert.match(untrusted.message, /is not trusted; check ca or pin/);
    const readSecret = (): string => {
      throw new OutgoingError('credential', '/etc/f2nb/secret cannot be read: no such file');
    };
    const secretless = await failureOf(open(ending, receiver, { readSecret }).send(batch, signal));
    assert.deepEqual([secretless.message, receiver.received], ['/etc/f2nb/secret cannot be read: no such file', []]);
  });
});

async function endless(response: Parameters<Receiver['answer']>[0]): Promise<void> {
  response.writeHead(200);
  const gone = once(response, 'close').then(() => true);
  while (!response.destroyed) {
    if (!response.write('x'.repeat(16_384))) await Promise.race([once(response, 'drain'), gone]);
  }
}
