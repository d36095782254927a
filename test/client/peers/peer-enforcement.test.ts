import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PeerEnforcement } from '../../../client/peers/peer-enforcement.ts';
import { PeerReports } from '../../../client/peers/peer-reports.ts';
import { openFilter } from '../../../shared/report-filter.ts';
import { MemoryFirewall } from '../../contracts/memory-firewall.ts';
import { ManualClock } from '../../manual-clock.ts';
import { network } from '../../server/samples.ts';

describe('blocking what others report', () => {
  for (const byMs of [3_600_000, -3_600_000]) {
    it(`goes on to a ban's end when the host's clock is set by ${byMs / 3_600_000} h`, async () => {
      const clock = new ManualClock();
      const reports = new PeerReports();
      const filter = openFilter;
      const target = { kind: 'nftables' } as const;
      const enforcement = new PeerEnforcement({
        subscriptions: [{ name: 'all', filter, servers: [], target, maxEntries: 10 }],
        peers: new Map([['main', reports]]),
        openEnforcer: () => new MemoryFirewall(10),
        mayBlock: () => true,
        clock,
        random: () => 0,
        onEvent: () => undefined,
      });
      const bans = [[network('203.0.113.7'), 'web1', 'sshd', 600] as const];
      const rest = { type: 'feed', ledger: 'a', sequence: 1, paused: false, bans, ended: [] } as const;
      reports.take({ ...rest, part: 'snapshot-end' }, clock.now());
      const stop = new AbortController();
      const stopped = enforcement.run(stop.signal);
      clock.set(byMs);
      clock.advance(599_000);
      assert.equal(reports.size, 1);
      clock.advance(2_000);
      assert.equal(reports.size, 0);
      stop.abort();
      await stopped;
    });
  }
});
