import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FeedFrame } from '../../../shared/frames.ts';
import { openFilter } from '../../../shared/report-filter.ts';
import { MemoryFirewall } from '../../contracts/memory-firewall.ts';
import { lastFirst, makeFolder } from '../../ending.ts';
import { network } from '../../server/samples.ts';
import { until } from '../../until.ts';
import { addressOf, settingsFor, startAgent, startServer } from '../agent-under-test.ts';

const snapshot: FeedFrame = {
  type: 'feed',
  part: 'snapshot-end',
  ledger: 'a',
  sequence: 10,
  paused: false,
  bans: [[network('203.0.113.7'), 'web2', 'sshd', null]],
  ended: [],
};

describe('an agent whose server sends a feed that does not fit', { timeout: 1_200_000 }, () => {
  const lies: readonly (readonly [string, object])[] = [
    ['garbled', { ...snapshot, bans: [['203.0.113', 'web2', 'sshd', null]] }],
    ['of another kind', { ...snapshot, part: 'everything' }],
    ['with changes of another ledger', { ...snapshot, part: 'changes', ledger: 'b', ended: [] }],
    [
      'with a number that falls',
      { ...snapshot, part: 'changes', sequence: 3, ended: [['203.0.113.7', 'web2', 'sshd']] },
    ],
  ];
  for (const [what, lie] of lies) {
    it(`${what}: ends the connection, changes nothing, and connects again`, async (test) => {
      const ending = lastFirst(test);
      const server = await startServer(ending);
      server.behaviour.may = ['ban', 'unban', 'subscribe'];
      server.behaviour.feed = () => snapshot;
      const firewall = new MemoryFirewall(100);
      const subscription = {
        name: 'all',
        filter: openFilter,
        servers: [],
        target: { kind: 'nftables' },
        maxEntries: 9,
      } as const;
      const settings = { ...settingsFor(await makeFolder(ending), [addressOf(server)]), subscriptions: [subscription] };
      const { agent } = await startAgent(ending, settings, { openEnforcer: () => firewall });
      await until(() => firewall.entries.has('203.0.113.7'), 'the ban of the other host is blocked');
      server.behaviour.feed = () => undefined;
      const before = server.logins;
      server.tell(lie);
      await until(() => agent.destinations[0]?.courier.lastError !== undefined, 'the connection ended');
      assert.match(agent.destinations[0]?.courier.lastError?.reason ?? '', /nonsense|changes without|sequence 3/);
      await until(() => server.logins > before, 'it connects again');
      assert.deepEqual([...firewall.entries.keys()], ['203.0.113.7']);
      assert.equal(agent.peers.reports.get('main')?.sequence, 10);
    });
  }
});
