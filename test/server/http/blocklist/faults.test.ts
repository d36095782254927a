import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { Clients } from '../../../../server/clients.ts';
import { EnforcementOfBans } from '../../../../server/enforcement.ts';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import { Traces } from '../../../../server/enforcers/ownership/traces.ts';
import { blocklistRoutes } from '../../../../server/http/blocklist/blocklist-routes.ts';
import { type BlocklistParts, Blocklists } from '../../../../server/http/blocklist/blocklists.ts';
import { txt } from '../../../../server/http/blocklist/text-formats.ts';
import { HttpDoor } from '../../../../server/http/http-door.ts';
import { Arguments } from '../../../../server/http/parameter.ts';
import { ClientRates } from '../../../../server/policy/client-rates.ts';
import { Core } from '../../core.ts';
import { makeClient, makeEvent } from '../../samples.ts';

/** What lists are made of, on a core that has banned so many addresses. */
async function partsWith(bans: number): Promise<BlocklistParts> {
  const core = await Core.make();
  const { standing, policy, clock } = core;
  const events = Array.from({ length: bans }, (_, index) => makeEvent(index + 1, `203.0.113.${index}`));
  if (bans > 0) await core.send(makeClient(), events);
  const enforcement = new EnforcementOfBans({
    firewalls: [],
    standing,
    policy,
    clock,
    random: () => 0,
    isPaused: () => false,
    isOperators: () => false,
    held: core.held,
    unread: () => undefined,
    onEvent: () => undefined,
    marks: new OwnMarks(['mem1']),
    traces: new Traces(core.ledger),
    isClient: () => false,
    onStrays: () => undefined,
    onRoom: () => undefined,
  });
  return { standing, policy, clock, enforcement, soon: setImmediate };
}

const reader = makeClient({ name: 'reader', may: ['subscribe'] });

describe('a list that cannot be given', () => {
  it('is refused with 503 when it is longer than lists may be', async () => {
    const wish = { format: txt, query: new Arguments(new Map()), client: reader };
    const parts = await partsWith(3);
    const enough = await new Blocklists({ ...parts, entriesMax: 3 }).answer(wish);
    assert.ok('answer' in enough);
    const tooFew = await new Blocklists({ ...parts, entriesMax: 2 }).answer(wish);
    assert.ok('problem' in tooFew);
    assert.equal(tooFew.problem.code, 'unavailable');
  });

  it('is refused with 503 for every fault of the server', async () => {
    for (const { url, refuse } of blocklistRoutes(await partsWith(0))) {
      const answer = refuse?.({ code: 'internal-error', detail: 'a fault' });
      assert.deepEqual([url, answer?.status, answer?.body === ''], [url, 503, false]);
    }
  });

  it('is refused with 503 while the server stops', async () => {
    const stopping = new AbortController();
    const parts = await partsWith(0);
    const door = new HttpDoor({
      routes: blocklistRoutes(parts),
      clients: new Clients([]),
      rates: new ClientRates(),
      clock: parts.clock,
      soon: parts.soon,
      stopping: stopping.signal,
      onCaller: () => undefined,
      onRejection: () => undefined,
      onFault: (error) => assert.fail(String(error)),
    });
    const server = createServer((request, response) => {
      void door.answer(request, response, { address: undefined, welcome: () => undefined, isPushing: false });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/blocklist.txt`;
    assert.equal((await fetch(url)).status, 401);
    stopping.abort();
    const { status, headers } = await fetch(url);
    assert.deepEqual([status, headers.get('retry-after')], [503, '5']);
    server.close();
  });
});
