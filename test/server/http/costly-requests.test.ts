import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { Clients } from '../../../server/clients.ts';
import { textAnswer } from '../../../server/http/answer.ts';
import { HttpDoor } from '../../../server/http/http-door.ts';
import type { Route } from '../../../server/http/route.ts';
import { makeToken } from '../../../server/http/token.ts';
import { ClientRates } from '../../../server/policy/client-rates.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';
import { makeClient } from '../samples.ts';

const { token, key } = makeToken('key-0001', (count) => Buffer.alloc(count, 7));

/** A door behind a real server, whose `soon` the test calls; `begun` is what was asked for, as its work began. */
async function withDoor(work: (door: { ask: Ask; begun: string[]; next: () => boolean }) => Promise<void>) {
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  const routeFor = (url: string, cost: number): Route => ({
    method: 'GET',
    url,
    summary: '',
    access: 'every-client',
    costs: () => cost,
    handle: () => {
      begun.push(url);
      return { answer: textAnswer('done') };
    },
  });
  const door = new HttpDoor({
    routes: [routeFor('/costly', 100), routeFor('/cheap', 0)],
    clients: new Clients([makeClient({ keys: [key] })]),
    rates: new ClientRates(),
    clock: new ManualClock(),
    soon: (then) => waiting.push(then),
    stopping: new AbortController().signal,
    onCaller: () => undefined,
    onRejection: ({ detail }) => assert.fail(detail),
    onFault: (fault) => assert.fail(String(fault)),
  });
  const server = createServer((request, response) => {
    void door.answer(request, response, { address: undefined, welcome: () => undefined, isPushing: false });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : '';
  const ask: Ask = async (path) => {
    const headers = { authorization: `Bearer ${token}` };
    return await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();
  };
  const next = (): boolean => waiting.splice(0, 1).map((then) => then()).length === 1;
  try {
    await work({ ask, begun, next });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

type Ask = (path: string) => Promise<string>;

describe('requests that cost more', () => {
  it('begin one at a time, and what costs nothing does not wait for them', () =>
    withDoor(async ({ ask, begun, next }) => {
      const costly = ['/costly', '/costly', '/costly'].map(ask);
      for (const count of [0, 1, 2]) {
        assert.equal(await ask('/cheap'), 'done');
        assert.equal(begun.filter((path) => path === '/costly').length, count);
        await until(next, 'a costly one waits for its turn');
        await until(() => begun.filter((path) => path === '/costly').length > count, 'it begins');
      }
      assert.deepEqual(await Promise.all(costly), ['done', 'done', 'done']);
    }));
});
