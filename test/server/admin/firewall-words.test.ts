import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showBans } from '../../../server/commands/show/show-bans.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import type { OpenedFirewall } from '../../../server/enforcers/opened-firewall.ts';
import type { Enforcer } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { MemoryFirewall } from '../../contracts/memory-firewall.ts';
import { ObservedEnforcer } from '../../contracts/observed-enforcer.ts';
import { until } from '../../until.ts';
import { askHttp, makeHttpClient } from '../http/ask-http.ts';
import { OpenApiCheck } from '../http/openapi-check.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { network } from '../samples.ts';
import { event, send } from './sent-events.ts';

const [old, newest, whitelisted] = ['203.0.113.1', '203.0.113.2', '198.51.100.77'] as const;

/** Firewalls that each do something else about the bans of this test. */
function firewalls(): readonly OpenedFirewall[] {
  const theirs = Object.assign(new MemoryFirewall(1, 'theirs'), {
    shared: { name: 'ipset blacklist', removalOf: (spelling: string) => `take-out ${spelling}` },
  });
  theirs.entries.set('203.0.113.0/24', 'theirs');
  const picky = new ObservedEnforcer(new MemoryFirewall(1, 'picky'));
  picky.refuse(`+${old}`, new EnforcerError('rejected', 'exit code 119'));
  const down = new EnforcerError('retry', 'connection refused');
  const broken: Enforcer = Object.assign(new MemoryFirewall(1, 'broken'), { list: () => Promise.reject(down) });
  const opened = (enforcer: Enforcer, maxEntries = 1_000): OpenedFirewall => ({
    enforcer,
    limits: { maxEntries, merge: false, resyncSeconds: 300 },
    protectedSources: [],
  });
  return [
    ...[opened(new MemoryFirewall(1, 'plain')), opened(theirs), opened(picky)],
    ...[opened(new MemoryFirewall(1, 'full'), 1), opened(broken)],
  ];
}

type Word = Readonly<Record<string, unknown>>;

async function wordsOf(server: RunningServer, about: string): Promise<readonly Word[]> {
  const { enforcement } = await server.ask('lookup', { network: about });
  assert.ok(Array.isArray(enforcement));
  return enforcement;
}

function withFirewalls(work: (server: RunningServer) => Promise<void>): Promise<void> {
  const run = async (server: RunningServer): Promise<void> => {
    const peer = await server.logIn(await server.enroll({ name: 'web1' }));
    await send(peer, event(1, old), event(2, whitelisted), event(3, newest));
    const whitelist = [network(whitelisted)];
    server.server.reload({ ...server.settings, whitelist }, undefined);
    await until(async () => {
      const words = await Promise.all([old, newest, whitelisted].map((each) => wordsOf(server, each)));
      return words.flat().every(({ state }) => state !== 'pending');
    }, 'every firewall has come to an end');
    await work(server);
  };
  return withServer(run, undefined, { parts: { firewalls: firewalls() } });
}

const foreign = {
  ...{ enforcer: 'theirs', place: 'ipset blacklist', network: '203.0.113.0/24', spelling: '203.0.113.0/24' },
  command: 'take-out 203.0.113.0/24',
};
const inForceByTheirs = {
  ...{ enforcer: 'theirs', state: 'in-force', foreign: [foreign] },
  detail: "the administrator's own entry 203.0.113.0/24 in ipset blacklist of theirs",
};
const failing = { enforcer: 'broken', state: 'failing', detail: 'connection refused', forSeconds: 0 };
const noRoom = 'max_entries = 1 is reached; each client keeps its newest in turn: web1 has 3';
const byWhitelist = {
  code: 'whitelisted',
  detail: `${whitelisted} overlaps ${whitelisted}, which is whitelisted by [policy] whitelist of server.ini`,
};

/** By network, what each firewall does. */
const expected: Readonly<Record<string, readonly Word[]>> = {
  [old]: [
    { enforcer: 'plain', state: 'in-force' },
    inForceByTheirs,
    { enforcer: 'picky', state: 'refused', detail: 'the firewall does not take it: exit code 119' },
    { enforcer: 'full', state: 'no-room', detail: noRoom },
    failing,
  ],
  [newest]: [
    { enforcer: 'plain', state: 'in-force' },
    inForceByTheirs,
    { enforcer: 'picky', state: 'in-force' },
    { enforcer: 'full', state: 'in-force' },
    failing,
  ],
  [whitelisted]: [
    ...['plain', 'theirs', 'picky', 'full'].map((enforcer) => ({ enforcer, state: 'whitelisted', ...byWhitelist })),
    failing,
  ],
};

const clauses: Readonly<Record<string, string>> = {
  [old]: `plain in force, theirs in force (an entry that is not ours), picky refused: the firewall does not take it: exit code 119, full no room: ${noRoom}, broken failing for 0s: connection refused`,
  [newest]:
    'plain in force, theirs in force (an entry that is not ours), picky in force, full in force, broken failing for 0s: connection refused',
  [whitelisted]: `${['plain', 'theirs', 'picky', 'full'].map((each) => `${each} whitelisted: ${byWhitelist.detail}`).join(', ')}, broken failing for 0s: connection refused`,
};

describe('what is said of each firewall', () => {
  it('tells apart in force, not ours, refused, no room, failing and whitelisted', () =>
    withFirewalls(async (server) => {
      const { bans } = await server.ask('bans');
      assert.ok(Array.isArray(bans));
      const listed = new Map(bans.map((ban) => [ban.network, ban.enforcement]));
      for (const [about, words] of Object.entries(expected)) {
        assert.deepEqual([await wordsOf(server, about), listed.get(about)], [words, words], about);
      }
    }));

  it('says the same in words, of a list and of one network', () =>
    withFirewalls(async (server) => {
      const show = showBans(timesAt(server.clock.now()));
      const table = show.bans(await server.ask('bans'));
      for (const [about, text] of Object.entries(clauses)) {
        assert.ok(show.lookup(await server.ask('lookup', { network: about })).includes(`\nfirewalls: ${text}`), text);
        assert.ok(
          table.split('\n').some((line) => line.startsWith(about) && line.endsWith(text)),
          table,
        );
      }
    }));

  it('says the same by HTTP, as the OpenAPI document declares', () =>
    withFirewalls(async (server) => {
      const token = await makeHttpClient(server, { name: 'admin', may: 'operate' });
      const check = await OpenApiCheck.of(server);
      const list = await askHttp(server, 'GET /api/v1/bans?firewalls', { token });
      check.check('GET /api/v1/bans', list);
      assert.equal(list.headers.get('etag'), null);
      const bans = list.json?.['bans'];
      assert.ok(Array.isArray(bans));
      for (const [about, words] of Object.entries(expected)) {
        const answer = await askHttp(server, `GET /api/v1/bans/${about}`, { token });
        check.check('GET /api/v1/bans/{network}', answer);
        assert.deepEqual(answer.json?.['enforcement'], words);
        assert.deepEqual(bans.find((ban) => ban.network === about)?.enforcement, words);
      }
    }));

  it('never says that a firewall which refuses is in sync', () =>
    withFirewalls(async (server) => {
      const { outcome, enforcers } = await server.ask('reconcile');
      assert.equal(outcome, 'failed');
      assert.ok(Array.isArray(enforcers));
      const refusing = enforcers.filter(({ refused }) => refused > 0);
      assert.deepEqual(
        refusing.map(({ name, firstRefused }) => [name, firstRefused.map((each: Word) => each['network'])]),
        [['picky', [old]]],
      );
    }));
});
