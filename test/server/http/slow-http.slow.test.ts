import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { Listener } from '../../../server/listener.ts';
import { ManualClock } from '../../manual-clock.ts';
import { StrangerSocket } from '../stranger-socket.ts';

const times = { headersMaxMs: 1_000, requestMaxMs: 1_500, idleMaxMs: 2_000, checkMs: 100 };
const answerBytes = 50_000_000;

/** A listener with short times that takes everybody for known; `cut` resolves when a connection that asked has ended. */
async function withListener(work: (port: number, cut: Promise<unknown>) => Promise<void>): Promise<void> {
  const ended = new EventEmitter();
  const cut = once(ended, 'end');
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    certificate: undefined,
    clock: new ManualClock(),
    httpTimes: times,
    isKnown: () => false,
    openSession: () => assert.fail('nobody speaks WebSocket here'),
    onEnd: () => undefined,
    onRequest: (request, response, { welcome }) => {
      welcome();
      request.socket.once('close', () => ended.emit('end'));
      if (request.url === '/long') response.end(Buffer.alloc(answerBytes));
      else request.resume().on('end', () => response.end('done'));
      return Promise.resolve();
    },
    onTurnedAway: () => undefined,
    onFault: (fault) => assert.fail(String(fault)),
  });
  try {
    await work(await listener.listen(), cut);
  } finally {
    await listener.close();
  }
}

describe('a connection that takes its time, though its sender is known', () => {
  const first = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
  const slow: readonly (readonly [what: string, sent: string])[] = [
    ['in a head', 'GET / HTTP/1.1\r\nhost:'],
    ['in a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{'],
    ['between chunks', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n'],
    ['before the next request', ''],
  ];
  for (const [what, sent] of slow) {
    it(`is ended: ${what}`, () =>
      withListener(async (port) => {
        const socket = await StrangerSocket.open(port);
        socket.send(`${first}${sent}`);
        await socket.closed;
        assert.match(socket.received, /^HTTP\/1\.1 200 OK\r\n.*done/s);
      }));
  }

  it('is ended: in reading its answer', () =>
    withListener(async (port, cut) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.pause();
      socket.write('GET /long HTTP/1.1\r\nhost: x\r\n\r\n');
      await cut;
      assert.ok(socket.bytesRead < answerBytes);
      socket.destroy();
    }));
});
