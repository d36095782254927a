import { HeldBans } from '../../server/bans/held-bans.ts';
import { Feed } from '../../server/feed/feed.ts';
import { type Decision, Intake } from '../../server/intake.ts';
import { JailLists } from '../../server/jail-lists.ts';
import type { Change, Client } from '../../server/ledger/ledger.ts';
import { Policy, type PolicySettings } from '../../server/policy/policy.ts';
import { ProtectedAddresses } from '../../server/policy/protected-addresses.ts';
import { Whitelist } from '../../server/policy/whitelist.ts';
import { AddressIndex } from '../../server/protection/address-index.ts';
import { Record } from '../../server/record.ts';
import { ReportWriter } from '../../server/report-writer.ts';
import { StandingBans } from '../../server/standing-bans.ts';
import type { EventResult, JailEntry, ReceivedEvent, SettledFrame } from '../../shared/frames.ts';
import { limits } from '../../shared/limits.ts';
import { ManualClock } from '../manual-clock.ts';
import { FailingLedger } from './failing-ledger.ts';
import { network } from './samples.ts';

const settings: PolicySettings = { allowPrivate: false, widest: { 4: 16, 6: 32 }, reportsPerClientMax: 100 };

/** The server's heart without its sockets: policy, intake, record and standing bans on a ledger in memory. */
export class Core {
  readonly clock: ManualClock;
  readonly ledger: FailingLedger;
  readonly whitelist: Whitelist;
  readonly protectedAddresses = new ProtectedAddresses();
  readonly policy: Policy;
  readonly standing: StandingBans;
  /** Addresses of hosts. */
  readonly hosts = new AddressIndex();
  readonly held: HeldBans;
  readonly record: Record;
  readonly writer: ReportWriter;
  readonly intake: Intake;
  readonly feed: Feed;
  readonly decisions: Decision[] = [];
  isPaused = false;
  feedSoon: (then: () => void) => void = (then) => then();
  readonly committed: Change[] = [];
  afterCommit: (changes: readonly Change[], at: number) => void = () => undefined;
  readonly revoked = new Set<string>();

  private constructor(ledger: FailingLedger, state: Awaited<ReturnType<FailingLedger['load']>>, clock: ManualClock) {
    this.ledger = ledger;
    this.clock = clock;
    this.whitelist = new Whitelist([network('192.0.2.0/24')], state.whitelist);
    this.policy = new Policy(settings, this.whitelist, this.protectedAddresses);
    this.standing = new StandingBans(state, () => undefined);
    this.held = new HeldBans({ standing: this.standing, policy: this.policy, hosts: this.hosts });
    this.record = new Record({
      ledger,
      standing: this.standing,
      state,
      clock: this.clock,
      onCommit: (changes, first, at) => {
        this.whitelist.apply(changes);
        this.held.apply(changes, first);
        this.committed.push(...changes);
        this.feed.committed(changes, first);
        for (const change of changes) if (change.kind === 'revoked') this.revoked.add(change.client);
        this.afterCommit(changes, at);
      },
      soon: setImmediate,
    });
    this.feed = new Feed({
      standing: this.standing,
      ledgerId: state.id,
      isPaused: () => this.isPaused,
      isKnown: () => true,
      mayBlock: ({ network: which }) => !this.held.has(which),
      clock: this.clock,
      soon: (then) => this.feedSoon(then),
    });
    this.writer = new ReportWriter(this.policy, this.clock);
    this.intake = new Intake({
      record: this.record,
      writer: this.writer,
      clock: this.clock,
      isEnrolled: (client) => !this.revoked.has(client),
      onDecision: (decision) => this.decisions.push(decision),
    });
  }

  static async make(ledger = new FailingLedger(), clock = new ManualClock()): Promise<Core> {
    return new Core(ledger, await ledger.load(), clock);
  }

  /** What stands, as `network client jail`, sorted. */
  get claims(): string[] {
    const reports = [...this.standing.values()].flatMap(({ reports: each }) => each);
    return reports.map(({ network: which, client, jail }) => `${which} ${client} ${jail}`).sort();
  }

  /** Sends one frame of events. @returns each outcome, or the code of the refusal */
  async send(client: Client, events: readonly ReceivedEvent[], stream = 'stream-1'): Promise<string[]> {
    const { results } = await this.intake.takeEvents(client, { type: 'events', stream, events });
    return results.map(outcomeOf);
  }

  /** Sends a whole list of sshd, in parts of as many entries as there may be. */
  async list(
    client: Client,
    entries: readonly JailEntry[],
    lists = new JailLists(),
  ): Promise<SettledFrame | undefined> {
    const parts = Math.max(1, Math.ceil(entries.length / limits.entriesPerPartMax));
    let settled: SettledFrame | undefined;
    for (let part = 1; part <= parts; part += 1) {
      const slice = entries.slice((part - 1) * limits.entriesPerPartMax, part * limits.entriesPerPartMax);
      const frame = { type: 'jail', jail: 'sshd', part, parts, entries: slice } as const;
      settled = await this.intake.takePart(client, frame, lists);
    }
    return settled;
  }
}

export function outcomeOf(result: EventResult): string {
  return result.outcome === 'refused' ? result.code : result.outcome;
}
