import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Boot,
  type ClockState,
  jumpOf,
  type KeptTime,
  TrustedClock,
  toleranceMs,
} from '../../shared/trusted-clock.ts';
import { ManualClock } from '../manual-clock.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

interface Report {
  reportedAt: number;
  endsAt: number;
  /** In true time. */
  readonly beganMs: number;
  readonly lastsMs: number;
}

/** A host whose clock a test sets, with a program that is started again and again. */
class Host {
  /** Its own clock; `elapsed` is the monotonic one. */
  clock = new ManualClock();
  /** True time since the beginning. */
  trueMs = 0;
  readonly told: ClockState['kind'][] = [];
  /** What was recorded, and when it ends, by the trusted time. */
  readonly reports: Report[] = [];
  trusted: TrustedClock;
  #boots = 1;
  #uptimeMs = 1_000;
  #kept: KeptTime | undefined;
  #wrongByMs = 0;

  constructor() {
    this.trusted = this.#open();
  }

  /** How far the host's clock is ahead of true time. */
  get wrongByMs(): number {
    return this.#wrongByMs;
  }

  /** What the clock would say were it right. */
  get right(): number {
    return this.clock.now() - this.#wrongByMs;
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.trueMs += ms;
    this.#uptimeMs += ms;
    this.believeDue();
  }

  record(lastsMs: number): void {
    const reportedAt = this.trusted.now();
    this.reports.push({ reportedAt, endsAt: reportedAt + lastsMs, beganMs: this.trueMs, lastsMs });
  }

  /** What the server does each minute: what was recorded in dispute moves along. */
  believeDue(mustBelieve = false): void {
    const { state } = this.trusted;
    if (state.kind === 'agreed' || (state.believedInMs !== 0 && !mustBelieve)) return;
    const jump = jumpOf(state);
    for (const report of this.reports.filter(({ reportedAt }) => reportedAt >= jump.since)) {
      report.reportedAt += jump.byMs;
      report.endsAt += jump.byMs;
    }
    this.trusted.believe(jump);
    this.heartbeat();
  }

  set(wrongByMs: number): void {
    this.clock.set(wrongByMs - this.#wrongByMs);
    this.#wrongByMs = wrongByMs;
    this.trusted.now();
  }

  sleep(ms: number): void {
    this.clock.set(ms);
    this.trueMs += ms;
    this.#uptimeMs += ms;
    this.trusted.now();
  }

  /** The program is away for a while. @param isKept it ended in order */
  restart(awayMs: number, isKept = true): void {
    if (isKept) this.#kept = this.trusted.keep();
    this.clock.advance(awayMs);
    this.trueMs += awayMs;
    this.#uptimeMs += awayMs;
    this.trusted = this.#open();
  }

  /** The host is off for a while, and its clock then says what it says. */
  reboot(offMs: number, wrongByMs: number): void {
    this.#kept = this.trusted.keep();
    this.trueMs += offMs;
    const now = this.right + offMs + wrongByMs;
    this.clock = new ManualClock(now);
    this.#wrongByMs = wrongByMs;
    this.#boots += 1;
    this.#uptimeMs = 1_000;
    this.trusted = this.#open();
  }

  heartbeat(): void {
    this.#kept = this.trusted.keep();
  }

  #open(): TrustedClock {
    const boot: Boot = { id: `boot ${this.#boots}`, uptimeMs: () => this.#uptimeMs };
    let isOpen = false;
    const trusted = new TrustedClock({
      ...{ host: this.clock, boot, kept: this.#kept },
      onChange: ({ kind }) => {
        this.told.push(kind);
        if (isOpen) this.heartbeat();
      },
    });
    isOpen = true;
    this.#kept = trusted.keep();
    return trusted;
  }
}

const off = (host: Host): number => host.trusted.now() - host.right;

describe('the trusted clock', () => {
  const jumps = [60 * day, 365 * day, hour, -hour, -60 * day, -56 * 365 * day, 30_000] as const;
  for (const jump of jumps) {
    it(`is not moved by a jump of ${jump / hour} h that is set right, while the program runs or between two starts`, () => {
      const host = new Host();
      host.pass(minute);
      host.set(jump);
      host.pass(50 * minute);
      assert.equal(off(host), 0);
      host.restart(5 * minute);
      assert.equal(off(host), 0);
      host.set(0);
      assert.deepEqual([off(host), host.trusted.state.kind], [0, 'agreed']);
      host.restart(minute);
      host.set(jump);
      host.restart(minute);
      host.set(0);
      assert.equal(off(host), 0);
    });
  }

  const stands = [
    [10 * minute, hour],
    [5 * hour, 5 * hour],
    [60 * day, day],
    [-5 * hour, 5 * hour],
  ] as const;
  for (const [jump, stand] of stands) {
    it(`believes a jump of ${jump / hour} h once it has stood ${stand / hour} h, also over restarts`, () => {
      const host = new Host();
      host.set(jump);
      for (let passed = 0; passed < stand - minute; passed += stand / 10) {
        assert.equal(off(host), 0);
        host.pass(stand / 20);
        host.restart(stand / 20);
      }
      host.pass(minute);
      assert.deepEqual([off(host), host.trusted.state.kind], [jump, 'agreed']);
      assert.deepEqual(host.told.at(-1), 'agreed');
    });
  }

  it('believes a clock that is back by more than a day only when the operator says so', () => {
    const host = new Host();
    host.set(-2 * day);
    host.pass(30 * day);
    const { state } = host.trusted;
    assert.ok(state.kind === 'disputed');
    assert.deepEqual(
      [state.believedInMs, state.trustedAt - state.hostAt, state.stoodMs],
      [undefined, 2 * day, 30 * day],
    );
    host.believeDue(true);
    assert.deepEqual([off(host), host.trusted.state.kind], [-2 * day, 'agreed']);
    assert.deepEqual(host.told, ['disputed', 'agreed']);
  });

  it('follows small steps at once, and a host that slept', () => {
    const host = new Host();
    host.set(toleranceMs);
    assert.equal(off(host), toleranceMs);
    host.set(0);
    host.heartbeat();
    host.sleep(9 * hour);
    assert.deepEqual([off(host), host.told], [0, []]);
  });

  it('believes that a host was off for minutes, and lets a longer absence stand first', () => {
    const host = new Host();
    host.reboot(3 * minute, 0);
    assert.equal(off(host), 0);
    host.reboot(12 * day, 0);
    assert.equal(off(host), -12 * day);
    host.pass(day);
    assert.equal(off(host), 0);
  });

  it('goes on after a start with a dead battery, and takes the right time when it comes', () => {
    const host = new Host();
    host.reboot(3 * minute, -56 * 365 * day);
    assert.equal(off(host), -3 * minute);
    host.pass(minute);
    host.set(0);
    assert.equal(off(host), 0);
  });
});

/** What happens to a host. Jumps that are false are set right before they would be believed. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 3 * day }) }),
  fc.record({
    kind: fc.constant('jump' as const),
    by: fc.oneof(fc.integer({ min: -60 * 365 * day, max: 400 * day }), fc.constantFrom(hour, -hour, 60 * day)),
    standsMs: fc.integer({ min: 0, max: 55 * minute }),
    restarts: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('restart' as const), ms: fc.integer({ min: 0, max: 2 * day }), isKept: fc.boolean() }),
  fc.record({
    kind: fc.constant('reboot' as const),
    ms: fc.integer({ min: 0, max: 20 * day }),
    by: fc.constantFrom(0, -hour, -56 * 365 * day, 2 * hour, 60 * day),
  }),
);

it('ends nothing before its own time has truly passed, and all in the end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(happening, fc.integer({ min: 1, max: 60 * day })), { minLength: 1, maxLength: 25 }),
      (happenings) => {
        const host = new Host();
        // Small steps are followed, so each happening may cost as much.
        const slackMs = toleranceMs * 2 * happenings.length;
        const look = (): void => {
          const now = host.trusted.now();
          for (const { endsAt, beganMs, lastsMs } of host.reports)
            if (now >= endsAt) assert.ok(host.trueMs - beganMs >= lastsMs - slackMs, 'it ended early');
        };
        for (const [each, lastsMs] of happenings) {
          host.record(lastsMs);
          happen(host, each, look);
          look();
        }
        host.set(0);
        host.pass(2 * day);
        host.pass(60 * day);
        const now = host.trusted.now();
        assert.deepEqual(
          host.reports.filter(({ endsAt }) => endsAt > now),
          [],
          'they never end',
        );
      },
    ),
    { numRuns: 500 },
  );
});

type Happening = typeof happening extends fc.Arbitrary<infer Each> ? Each : never;

function happen(host: Host, each: Happening, look: () => void): void {
  switch (each.kind) {
    case 'pass':
      host.pass(each.ms);
      break;
    case 'restart':
      host.restart(each.ms, each.isKept);
      break;
    case 'jump':
      host.set(each.by);
      host.pass(each.standsMs);
      look();
      if (each.restarts) host.restart(minute);
      look();
      host.set(0);
      break;
    case 'reboot':
      host.reboot(each.ms, each.by);
      look();
      host.pass(30 * minute);
      look();
      host.set(0);
      break;
  }
}
