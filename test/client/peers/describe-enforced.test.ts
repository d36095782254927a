import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeEnforced } from '../../../client/peers/describe-enforced.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { HostEnforcer } from '../../../shared/frames.ts';
import { MemoryFirewall } from '../../contracts/memory-firewall.ts';
import { entry, ReconcilerBench } from '../../contracts/reconciler-bench.ts';
import { ManualClock } from '../../manual-clock.ts';

const never = new EnforcerError('rejected', 'exit code 119\nnever');
const room = { leftOut: 0, maxEntries: 5 };

/** What a firewall of a host is made to do, and how it is told of then. */
const cases: readonly (readonly [
  what: string,
  bend: (bench: ReconcilerBench, firewall: MemoryFirewall) => void,
  told: Omit<HostEnforcer, 'enforcer'>,
])[] = [
  ['does what it should', () => undefined, { state: 'in-sync', entries: 2 }],
  [
    'does not take a network',
    (bench) => bench.enforcer.refuse('+192.0.2.1', never),
    {
      ...{ state: 'refusing', entries: 1 },
      detail: '1 network refused, not blocked, as 192.0.2.1: the firewall does not take it: exit code 119 never',
    },
  ],
  [
    'does not let an entry go',
    (bench, firewall) => {
      firewall.entries.set('192.0.2.9', 'ours');
      bench.enforcer.refuse('-192.0.2.9', never);
    },
    {
      ...{ state: 'refusing', entries: 3 },
      detail: '1 network refused, still blocked, as 192.0.2.9: the firewall does not let it go: exit code 119 never',
    },
  ],
  [
    'does not answer',
    (bench) => bench.enforcer.failNext({ call: 'list', when: 'before', error: new EnforcerError('retry', 'gone') }),
    { state: 'failing', entries: 0, detail: 'gone' },
  ],
];

describe('a firewall of a host', () => {
  for (const [what, bend, told] of cases) {
    it(`that ${what} is ${told.state}`, async () => {
      const firewall = new MemoryFirewall(1);
      const bench = new ReconcilerBench(firewall, new ManualClock());
      bench.want(entry('192.0.2.1'), entry('192.0.2.2'));
      bend(bench, firewall);
      bench.start();
      await bench.reaches(told.state === 'failing' ? 'failing' : 'in-sync');
      const { reconciler } = bench;
      assert.deepEqual(describeEnforced({ reconciler, claims: { room } }), { enforcer: 'memory', ...told });
      await bench.stop();
    });
  }

  it('that has no room for all says for how many', async () => {
    const bench = new ReconcilerBench(new MemoryFirewall(1), new ManualClock());
    bench.start();
    await bench.reaches('in-sync');
    const { state, detail } = describeEnforced({
      reconciler: bench.reconciler,
      claims: { room: { leftOut: 3, maxEntries: 5 } },
    });
    assert.deepEqual([state, detail], ['in-sync', 'no room for 3 bans of others: max_entries = 5 is reached']);
    await bench.stop();
  });
});
