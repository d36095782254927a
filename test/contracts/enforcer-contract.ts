import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { DesiredEntry, Enforcer, HeldEntry, Step } from '../../shared/enforcer.ts';
import { ManualClock } from '../manual-clock.ts';
import { entry, network } from './reconciler-bench.ts';
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
  /** Starts it empty. Time stands still unless the suite moves it. */
  readonly start: (clock: ManualClock) => Promise<FirewallUnderTest>;
}

/** What every enforcer must do, alone and under a reconciler. */
export function describeEnforcer(subject: EnforcerSubject): void {
  describe(`${subject.name} as an enforcer`, () => {
    const signal = new AbortController().signal;
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

    it('adds addresses and networks of both families, and lists them as ours', async () => {
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

    it('removes what it added since it listed', async () => {
      await add(enforcer, '192.0.2.1', '198.51.100.0/24', '2001:db8::1', '2001:db8:1::/64');
      await remove(enforcer, ours('192.0.2.1'), ours('198.51.100.0/24'), ours('2001:db8:1::/64'));
      assert.deepEqual(firewall.spellings(), ['2001:db8::1']);
    });

    it('removes what it lists', async () => {
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

    if (subject.isShared) describeSharing(() => ({ ...firewall, clock }));
  });

  describeReconciling(subject);
}

/** What an enforcer must do where an administrator holds entries too. */
function describeSharing(current: () => FirewallUnderTest & { readonly clock: ManualClock }): void {
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
