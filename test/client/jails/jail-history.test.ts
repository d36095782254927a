import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Look, StoredBan } from '../../../client/jails/jail-look.ts';
import { JailWatches } from '../../../client/jails/jail-watches.ts';
import { RecentEvents } from '../../../client/jails/recent-events.ts';
import type { ListedBan } from '../../../client/jails.ts';
import type { Network } from '../../../shared/network.ts';
import { network } from '../networks.ts';

const networks = [1, 2, 3, 4, 5].map((last) => network(`203.0.113.${last}`));
const listed: ListedBan = { bantimeSeconds: null, printedAt: 0 };
const row: StoredBan = { bannedAt: 0, bantimeSeconds: null };

type Step =
  | { readonly kind: 'ban' | 'unban'; readonly at: number; readonly isLineLost: boolean }
  | { readonly kind: 'unban-all' | 'restart' | 'restore' | 'look' | 'silence' | 'agent-restart' };

/** A jail of fail2ban as it is, an agent that sees it through looks and lines, and what the server holds. */
class History {
  readonly #hasDatabase: boolean;
  readonly #memory = new Set<Network>();
  readonly #database = new Set<Network>();
  readonly #restoring: Network[] = [];
  readonly #server = new Set<Network>();
  #recent = new RecentEvents();
  #watches = new JailWatches(this.#recent);
  #life = 1;
  #nowMs = 0;

  constructor(hasDatabase: boolean) {
    this.#hasDatabase = hasDatabase;
  }

  take(step: Step): void {
    switch (step.kind) {
      case 'ban':
      case 'unban':
        this.#change(step.kind === 'ban', networks[step.at % networks.length], step.isLineLost);
        break;
      case 'unban-all':
        this.#memory.clear();
        this.#database.clear();
        this.#restoring.length = 0;
        break;
      case 'restart':
        this.#life += 1;
        this.#memory.clear();
        this.#restoring.splice(0, Number.POSITIVE_INFINITY, ...this.#database);
        break;
      case 'restore':
        for (const next of this.#restoring.splice(0, 1)) this.#memory.add(next);
        break;
      case 'look':
        this.#look();
        break;
      case 'silence':
        this.#watches.breakOff();
        break;
      case 'agent-restart':
        this.#recent = new RecentEvents();
        this.#watches = new JailWatches(this.#recent);
    }
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** What the server holds and nobody holds up any more. */
  get stale(): Network[] {
    return [...this.#server].filter((each) => !this.#isHeld(each));
  }

  /** What the jail holds and the server does not. */
  get unreported(): Network[] {
    return [...this.#memory].filter((each) => !this.#server.has(each));
  }

  #isHeld(each: Network): boolean {
    return this.#memory.has(each) || this.#database.has(each);
  }

  #change(isBan: boolean, each: Network | undefined, isLineLost: boolean): void {
    if (each === undefined) return;
    for (const held of [this.#memory, this.#database]) isBan ? held.add(each) : held.delete(each);
    if (!isBan && this.#restoring.includes(each)) this.#restoring.splice(this.#restoring.indexOf(each), 1);
    if (isLineLost) return;
    this.#recent.note('sshd', each, { atMs: this.#nowMs, isBan });
    if (isBan) this.#server.add(each);
    else this.#server.delete(each);
  }

  /** One look and what the agent makes of it, as the driver does. */
  #look(): void {
    const list = new Map([...this.#memory].map((each) => [each, listed]));
    const stored = this.#hasDatabase ? new Map([...this.#database].map((each) => [each, row])) : undefined;
    const jails = new Map([['sshd', { list, stored }]]);
    const look: Look = { beganMs: this.#nowMs, endedMs: this.#nowMs, life: String(this.#life), jails };
    this.#watches.see(look, this.#nowMs);
    for (const each of list.keys()) if (this.#recent.eventAt('sshd', each) < look.beganMs) this.#server.add(each);
    this.#watches.name(
      look,
      'sshd',
      [...this.#server].filter((each) => !list.has(each)),
    );
    const gone = this.#watches.nextGone(look, this.#nowMs);
    for (const each of gone?.networks ?? []) {
      assert.equal(this.#isHeld(each), false, `${each} was withdrawn, and stands in fail2ban or its database`);
      this.#server.delete(each);
    }
    this.#watches.forget('sshd', gone?.networks ?? []);
  }
}

const changes: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('ban' as const, 'unban' as const),
    at: fc.nat(4),
    isLineLost: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('unban-all', 'restart', 'restore', 'silence', 'agent-restart') }),
);
const steps = fc.array(
  fc.tuple(fc.oneof(fc.constant<Step>({ kind: 'look' }), changes), fc.integer({ min: 1, max: 15_000 })),
  {
    maxLength: 80,
  },
);

for (const hasDatabase of [true, false]) {
  const how = hasDatabase ? 'beside its database' : 'without a database to read';
  test(`withdraws nothing that stands, in any history of a jail ${how}`, () => {
    fc.assert(
      fc.property(steps, (all) => {
        const history = new History(hasDatabase);
        for (const [step, ms] of all) {
          history.take(step);
          history.pass(ms);
        }
      }),
      { numRuns: 3_000 },
    );
  });
}

test('withdraws within a minute all that is gone, and reports all that stands, whatever came before and beside it', () => {
  fc.assert(
    fc.property(steps, fc.array(fc.nat(1), { minLength: 8, maxLength: 8 }), (all, busy) => {
      const history = new History(true);
      for (const [step, ms] of all) {
        history.take(step);
        history.pass(ms);
      }
      const stale = new Set(history.stale);
      for (const at of busy) {
        history.take({ kind: 'look' });
        history.pass(4_000);
        // The jail bans on: networks that were not gone.
        const other = networks.findIndex((each) => !stale.has(each));
        if (at === 1 && other >= 0) history.take({ kind: 'ban', at: other, isLineLost: false });
        history.pass(4_000);
      }
      assert.deepEqual([history.stale, history.unreported], [[], []]);
    }),
    { numRuns: 3_000 },
  );
});
