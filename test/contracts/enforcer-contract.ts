import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { DesiredEntry, Enforcer, HeldEntry, Step } from '../../shared/enforcer.ts';
import { ManualClock } from '../manual-clock.ts';
import { itWhen } from './it-when.ts';
import { entry, network, ReconcilerBench } from './reconciler-bench.ts';
import { describeReconciling } from './reconciling-contract.ts';

/** An enforcer, with a way to its firewall that does not go through the enforcer. */
export interface FirewallUnderTest {
  readonly enforcer: Enforcer;
  /** The spellings that the firewall holds, whoever owns them, sorted. */
  spellings(): readonly string[];
  /** Removes an entry as an administrator would, or as a reboot does. */
  remove(spelling: string): void;
  /** Adds an entry as an administrator would. Undefined: nobody else can hold an entry there. */
  readonly addTheirs?: (spelling: string) => void;
  close(): Promise<void>;
}

export interface EnforcerSubject {
  readonly name: string;
  /** Whether others than us hold entries there too. */
  readonly isShared: boolean;
  /** Whether the firewall ends entries by itself. */
  readonly isTimed?: boolean;
  /** Whether it holds CIDRs beside addresses, as all do but aliases of hosts. */
  readonly takesCidrs?: boolean;
  /** Starts it empty. Time stands still unless the suite moves it. */
  readonly start: (clock: ManualClock) => Promise<FirewallUnderTest>;
}

/** What every enforcer must do, alone and under a reconciler. */
export function describeEnforcer(subject: EnforcerSubject): void {
  describe(`${subject.name} as an enforcer`, () => {
    const signal = new AbortController().signal;
    const withCidrs = itWhen(subject.takesCidrs !== false);
    let clock: ManualClock;
    let firewall: FirewallUnderTest;
    let enforcer: Enforcer;

    beforeEach(async () => {
      clock = new ManualClock();
      firewall = await subject.start(clock);
      enforcer = firewall.enforcer;
      // Whoever applies has listed before.
      assert.deepEqual(await enforcer.list(signal), []);
    });
    afterEach(async () => {
      await enforcer.close();
      await firewall.close();
    });

    withCidrs('adds addresses and networks of both families, and lists them as ours', async () => {
      const texts = ['192.0.2.1', '198.51.100.0/24', '2001:db8:1::/64', '2001:db8::1'];
      await add(enforcer, ...texts);
      assert.deepEqual(firewall.spellings(), texts);
      assert.deepEqual(
        await listed(enforcer),
        texts.map((text) => `${text} ours`),
      );
    });

    it('takes it for success to add what is there', async () => {
      await add(enforcer, '192.0.2.1');
      await add(enforcer, '192.0.2.1');
      assert.deepEqual(firewall.spellings(), ['192.0.2.1']);
    });

    it('takes it for success to remove what is not there', async () => {
      await add(enforcer, '192.0.2.1');
      await remove(enforcer, ours('192.0.2.9'));
      assert.deepEqual(firewall.spellings(), ['192.0.2.1']);
    });

    withCidrs('removes what it added since it listed', async () => {
      await add(enforcer, '192.0.2.1', '198.51.100.0/24', '2001:db8::1', '2001:db8:1::/64');
      await remove(enforcer, ours('192.0.2.1'), ours('198.51.100.0/24'), ours('2001:db8:1::/64'));
      assert.deepEqual(firewall.spellings(), ['2001:db8::1']);
    });

    withCidrs('removes what it lists', async () => {
      await add(enforcer, '192.0.2.1', '2001:db8:1::/64');
      await remove(enforcer, ...(await enforcer.list(signal)));
      assert.deepEqual(firewall.spellings(), []);
    });

    it('notices what was removed behind its back', async () => {
      await add(enforcer, '192.0.2.1', '192.0.2.2');
      firewall.remove('192.0.2.1');
      assert.deepEqual(await listed(enforcer), ['192.0.2.2 ours']);
    });

    it('takes a note of any length and content', async () => {
      const note = `sshd ${'web1 '.repeat(60)}\n[RULES]\n\u0000# "quoted" \u2028`;
      await apply(enforcer, [{ verb: 'add', entry: { ...entry('192.0.2.1'), note } }]);
      assert.deepEqual(await listed(enforcer), ['192.0.2.1 ours']);
    });

    withCidrs('holds networks that overlap, each for itself', async () => {
      await add(enforcer, '198.51.100.7', '198.51.100.0/24', '198.51.100.0/30', '2001:db8::/32', '2001:db8::1');
      await remove(enforcer, ours('198.51.100.0/24'), ours('2001:db8::/32'));
      assert.deepEqual(firewall.spellings(), ['198.51.100.0/30', '198.51.100.7', '2001:db8::1']);
      assert.deepEqual(
        await listed(enforcer),
        firewall.spellings().map((text) => `${text} ours`),
      );
    });

    if (subject.isTimed) describeTiming(() => ({ ...firewall, clock }));
    if (subject.isShared) describeSharing(() => ({ ...firewall, clock }));
  });

  describeReconciling(subject);
}

interface CurrentFirewall extends FirewallUnderTest {
  readonly clock: ManualClock;
}

/** What an enforcer must do whose firewall ends entries by itself. */
function describeTiming(current: () => CurrentFirewall): void {
  const ending = (text: string, inMs: number): DesiredEntry => ({
    ...entry(text),
    endsAt: current().clock.now() + inMs,
  });

  /** Seconds until each entry ends, as the firewall shows it. */
  async function remaining(): Promise<(readonly [string, number])[]> {
    const held = await current().enforcer.list(new AbortController().signal);
    const now = current().clock.now();
    return held.map(({ network: each, endsAt = Number.NaN }) => [each, (endsAt - now) / 1_000] as const).sort();
  }

  function assertEnds(actual: readonly (readonly [string, number])[], expected: readonly [string, number][]): void {
    assert.deepEqual(
      actual.map(([text]) => text),
      expected.map(([text]) => text),
    );
    for (const [at, [text, seconds]] of expected.entries()) {
      const shown = actual[at]?.[1] ?? Number.NaN;
      // The time of the firewall goes on while the test's stands still.
      assert.ok(shown === seconds || (shown <= seconds && shown > seconds - 10), `${text} ends in ${shown} s`);
    }
  }

  it('lists when each entry ends', async () => {
    const year = 365 * 86_400;
    const entries = [ending('192.0.2.1', 600_000), entry('192.0.2.2'), ending('2001:db8::/64', year * 50_000)];
    await apply(
      current().enforcer,
      entries.map((each) => ({ verb: 'add', entry: each })),
    );
    assertEnds(await remaining(), [
      ['192.0.2.1', 600],
      ['192.0.2.2', Number.POSITIVE_INFINITY],
      ['2001:db8::/64', year * 50],
    ]);
  });

  it('gives what it holds a new end, later, sooner or none', async () => {
    const { enforcer } = current();
    const ends = async (...all: readonly (readonly [string, number])[]): Promise<void> =>
      apply(
        enforcer,
        all.map(([text, inMs]) => ({ verb: 'add', entry: ending(text, inMs) })),
      );
    const never = Number.POSITIVE_INFINITY;
    await ends(['192.0.2.1', 600_000], ['192.0.2.2', 600_000], ['192.0.2.3', 600_000], ['192.0.2.4', never]);
    await ends(['192.0.2.1', 900_000], ['192.0.2.2', 300_000], ['192.0.2.3', never], ['192.0.2.4', 60_000]);
    assertEnds(await remaining(), [
      ['192.0.2.1', 900],
      ['192.0.2.2', 300],
      ['192.0.2.3', never],
      ['192.0.2.4', 60],
    ]);
  });

  it('does not hold what has ended', async () => {
    const { enforcer } = current();
    await apply(enforcer, [
      { verb: 'add', entry: ending('192.0.2.1', 0) },
      { verb: 'add', entry: ending('192.0.2.2', -5_000) },
    ]);
    assert.deepEqual(current().spellings(), []);
  });

  it('is given the new end by the reconciler when a ban is prolonged, and nothing when none is', async () => {
    const { enforcer, clock } = current();
    const bench = new ReconcilerBench(enforcer, clock);
    try {
      bench.want(ending('192.0.2.1', 600_000), ending('192.0.2.2', 600_000));
      bench.start();
      await bench.reaches('in-sync');
      const writes = bench.enforcer.applies.length;
      bench.want(ending('192.0.2.1', 1_200_000), ending('192.0.2.2', 601_000));
      await bench.settle();
      assert.deepEqual(bench.enforcer.applies.slice(writes), ['+192.0.2.1']);
      assertEnds(await remaining(), [
        ['192.0.2.1', 1_200],
        ['192.0.2.2', 600],
      ]);
    } finally {
      await bench.stop();
    }
  });
}

/** What an enforcer must do where an administrator holds entries too. */
function describeSharing(current: () => CurrentFirewall): void {
  const addTheirs = (...spellings: readonly string[]): void => {
    for (const spelling of spellings) current().addTheirs?.(spelling);
  };

  it("lists the administrator's entries as theirs", async () => {
    addTheirs('192.0.2.1', '198.51.100.0/24');
    await add(current().enforcer, '192.0.2.2');
    const expected = ['192.0.2.1 theirs', '192.0.2.2 ours', '198.51.100.0/24 theirs'];
    assert.deepEqual(await listed(current().enforcer), expected);
  });

  it('knows a network in any spelling, and keeps the spelling', async () => {
    addTheirs('2001:DB8::A', '2001:0db8:0:0:0:0:0:b', '10.0.0.5/24');
    const held = await current().enforcer.list(new AbortController().signal);
    assert.deepEqual(held.map((each) => [each.network, each.spelling]).sort(), [
      ['10.0.0.0/24', '10.0.0.5/24'],
      ['2001:db8::a', '2001:DB8::A'],
      ['2001:db8::b', '2001:0db8:0:0:0:0:0:b'],
    ]);
  });

  it("does not take over an administrator's entry by adding it, so that the end of the ban leaves it", async () => {
    addTheirs('192.0.2.1');
    await add(current().enforcer, '192.0.2.1');
    await remove(current().enforcer, ours('192.0.2.1'));
    assert.deepEqual(current().spellings(), ['192.0.2.1']);
    assert.deepEqual(await listed(current().enforcer), ['192.0.2.1 theirs']);
  });

  it('leaves an entry of ours that the administrator has made their own', async () => {
    await add(current().enforcer, '192.0.2.1');
    const [held] = await current().enforcer.list(new AbortController().signal);
    assert.ok(held);
    current().remove('192.0.2.1');
    addTheirs('192.0.2.1');
    current().clock.advance(60_000);
    await remove(current().enforcer, held);
    assert.deepEqual(current().spellings(), ['192.0.2.1']);
  });
}

function ours(text: string): HeldEntry {
  return { network: network(text), spelling: text, owner: 'ours' };
}

function add(enforcer: Enforcer, ...texts: readonly string[]): Promise<void> {
  return apply(
    enforcer,
    texts.map((text) => ({ verb: 'add', entry: entry(text) satisfies DesiredEntry })),
  );
}

function remove(enforcer: Enforcer, ...entries: readonly HeldEntry[]): Promise<void> {
  return apply(
    enforcer,
    entries.map((each) => ({ verb: 'remove', entry: each })),
  );
}

/** As many steps a call as the enforcer takes by then. */
async function apply(enforcer: Enforcer, steps: readonly Step[]): Promise<void> {
  const waiting = [...steps];
  while (waiting.length > 0) {
    await enforcer.apply(waiting.splice(0, enforcer.stepsPerCall), new AbortController().signal);
  }
}

async function listed(enforcer: Enforcer): Promise<string[]> {
  const held = await enforcer.list(new AbortController().signal);
  return held.map(({ spelling, owner }) => `${spelling} ${owner}`).sort();
}
