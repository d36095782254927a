import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { OutgoingCalls, waitingCallsMax } from '../../../server/outgoing/outgoing-calls.ts';
import { OutgoingError } from '../../../server/outgoing/outgoing-error.ts';
import { systemClock } from '../../../shared/clock.ts';
import { readBody } from '../../../shared/host/read-body.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

const get = { method: 'GET', target: '/', isRepeatable: true };

describe('OutgoingCalls', () => {
  const signal = new AbortController().signal;
  let server: Server;
  let handle: Handle;
  let connections: number;
  let requests: number;
  const opened: OutgoingCalls[] = [];

  beforeEach(async () => {
    handle = (_request, response) => response.end('good');
    connections = 0;
    requests = 0;
    server = createServer((request, response) => {
      requests += 1;
      handle(request, response);
    });
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    for (const calls of opened.splice(0)) calls.close();
    server.close();
    server.closeAllConnections();
  });

  function open(clock = systemClock): OutgoingCalls {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const calls = new OutgoingCalls({
      endpoint: { scheme: 'http', host: '127.0.0.1', port },
      readHeaders: () => ({ 'x-api-key': 'k' }),
      clock,
      callMaxMs: 5_000,
      bodyMaxBytes: 1_000,
    });
    opened.push(calls);
    return calls;
  }

  async function failureOf(call: Promise<unknown>): Promise<OutgoingError> {
    const error: unknown = await call.then(
      () => assert.fail('no failure'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof OutgoingError, String(error));
    return error;
  }

  it('sends common headers, those of the call and a body with its length, and returns an answer of any status', async () => {
    handle = (request, response) => {
      void readBody(request, 100).then((body) => {
        const {
          'x-api-key': key,
          'content-type': type,
          'content-length': length,
          'transfer-encoding': te,
        } = request.headers;
        response.writeHead(409, 'No').end(JSON.stringify([request.method, request.url, key, type, length, te, body]));
      });
    };
    const call = {
      method: 'POST',
      target: '/a?b',
      headers: { 'content-type': 'text/x' },
      body: 'ü',
      isRepeatable: false,
    };
    const { status, reason, body } = await open().call(call, signal);
    assert.deepEqual([status, reason], [409, 'No']);
    assert.deepEqual(JSON.parse(body), ['POST', '/a?b', 'k', 'text/x', '2', null, 'ü']);
  });

  it('keeps a connection until the other end says that it closes', async () => {
    const calls = open();
    await calls.call(get, signal);
    await calls.call(get, signal);
    assert.equal(connections, 1);
    handle = (_request, response) => response.writeHead(200, { connection: 'close' }).end();
    await calls.call(get, signal);
    await calls.call(get, signal);
    assert.equal(connections, 2);
  });

  it('does not follow redirects', async () => {
    handle = (_request, response) => response.writeHead(302, { location: '/other' }).end();
    assert.equal((await open().call(get, signal)).status, 302);
    assert.equal(requests, 1);
  });

  it('repeats only what may be repeated', async () => {
    const calls = open();
    for (const isRepeatable of [true, false]) {
      await calls.call(get, signal);
      requests = 0;
      handle = (request) => request.socket.destroy();
      assert.equal((await failureOf(calls.call({ ...get, isRepeatable }, signal))).code, 'no-answer');
      assert.equal(requests, isRepeatable ? 2 : 1);
      handle = (_request, response) => response.end();
    }
  });

  it('takes no answer that is too long', async () => {
    handle = (_request, response) => response.end('x'.repeat(1_001));
    const error = await failureOf(open().call(get, signal));
    assert.equal(error.code, 'no-answer');
    assert.match(error.message, /more than 1000 bytes/);
  });

  it('ends a call after its time, and lets no more wait than the bound', async () => {
    const clock = new ManualClock();
    const calls = open(clock);
    handle = () => undefined;
    const waiting = Array.from({ length: waitingCallsMax }, () => calls.call(get, signal));
    assert.equal((await failureOf(calls.call(get, signal))).code, 'busy');
    await until(() => requests === 1, 'the first has arrived');
    handle = (_request, response) => response.end();
    clock.advance(5_000);
    const [first, ...others] = await Promise.allSettled(waiting);
    assert.equal(first?.status, 'rejected');
    assert.ok(others.every(({ status }) => status === 'fulfilled'));
    await calls.call(get, signal);
    assert.equal(clock.waiting, 0);
  });

  it('says when only the operator can mend it', async () => {
    const readHeaders = (): never => {
      throw new OutgoingError('credential', 'no key');
    };
    const endpoint = { scheme: 'http', host: '127.0.0.1', port: 1 } as const;
    const calls = new OutgoingCalls({ endpoint, readHeaders, clock: systemClock, callMaxMs: 5_000, bodyMaxBytes: 1 });
    const error = await failureOf(calls.call(get, signal));
    assert.deepEqual([error.code, error.isForOperator, error.message], ['credential', true, 'no key']);
  });
});
