import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { httpLimits } from '../../../server/http/http-limits.ts';
import { sendAnswer } from '../../../server/http/send-answer.ts';
import { type Ending, lastFirst } from '../../ending.ts';
import { until } from '../../until.ts';

/** More than the sockets of both ends hold. */
const body = Buffer.alloc(64 * 1_048_576, 'x');

/** A server whose every answer is that body, and one connection to it that has asked and reads nothing. */
async function askWithoutReading(test: Ending) {
  const responses: ServerResponse[] = [];
  let isSent = false;
  const server = createServer((request, response) => {
    responses.push(response);
    void sendAnswer(request, response, { status: 200, headers: {}, body }, 'keep').then(() => {
      isSent = true;
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  test.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => responses[0]?.writableNeedDrain === true, 'the answer waits for its reader');
  const [response] = responses;
  assert.ok(response !== undefined);
  return { socket, response, isSent: () => isSent };
}

describe('a long answer', () => {
  it('has no more than one piece waiting for a reader that is slow, and comes whole in the end', async (t) => {
    const { socket, response, isSent } = await askWithoutReading(lastFirst(t));
    const headersMaxBytes = 1_024;
    assert.ok(response.writableLength <= httpLimits.pieceMaxBytes + headersMaxBytes, `${response.writableLength} wait`);
    assert.equal(isSent(), false);
    let bytes = 0;
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    socket.resume();
    await until(isSent, 'all of it has left');
    await until(() => bytes > body.length, 'all of it is here');
    assert.ok(bytes < body.length + headersMaxBytes);
    socket.destroy();
  });

  it('is over when its reader goes away', async (t) => {
    const { socket, isSent } = await askWithoutReading(lastFirst(t));
    socket.destroy();
    await until(isSent, 'nobody takes it any more');
  });
});
