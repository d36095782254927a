import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Draft } from '../../server/draft.ts';
import type { Client, LedgerState } from '../../server/ledger/ledger.ts';
import { Policy } from '../../server/policy/policy.ts';
import { ProtectedAddresses } from '../../server/policy/protected-addresses.ts';
import { Whitelist } from '../../server/policy/whitelist.ts';
import { ReportWriter } from '../../server/report-writer.ts';
import { StandingBans } from '../../server/standing-bans.ts';
import { systemClock } from '../../shared/clock.ts';
import { ipv4From, type Network } from '../../shared/network.ts';
import { atMost, type Bench, median } from './figure.ts';
import type { Load } from './load-client.ts';
import { addresses } from './networks.ts';
import { type Place, peakMegabytes, residentMegabytes } from './place.ts';
import { reportsOf, writeLedger } from './write-ledger.ts';

const standing = 100_000;
const clients = 20;
const decisions = 10_000;
const rounds = 5;
/** Beyond the addresses of load-client.ts. */
const standingFrom = 5_000_000;

/** Of 93.0.0.0 and after it, where no other address of these benches lies. */
const whitelist: readonly Network[] = Array.from({ length: 1_000 }, (_, index) =>
  ipv4From(0x5d_00_00_00 + index * 256, 24),
);

/** Very many bans: how long a decision takes among them, and how much memory a server takes that holds them. */
export const standingFigures: Bench = {
  name: 'standing',
  measure: async (place) => {
    const { afterStart, peak, afterBans } = await measureMemory(place);
    return [
      atMost(
        {
          name: 'decision among 100,000 bans',
          value: measureDecision(),
          unit: 'µs',
          note: `policy and draft, in this process, 1,000 whitelisted /24; median of ${rounds} rounds of ${decisions}`,
        },
        20,
      ),
      atMost({ name: 'server: memory with 100,000 bans', value: afterStart, unit: 'MB' }, 200),
      atMost({ name: 'server: peak of memory until then', value: peak, unit: 'MB' }, 200),
      atMost({ name: 'server: memory after 10,000 more', value: afterBans, unit: 'MB' }, 200),
    ];
  },
};

/** @returns microseconds */
function measureDecision(): number {
  const held = reportsOf(addresses(standing, standingFrom), clients);
  const state: LedgerState = {
    id: 'bench',
    sequence: held.length,
    reports: held.map((report, index) => ({ ...report, sequence: index + 1 })),
    whitelist: [],
    whitelistNames: [],
    clients: [],
    streams: new Map(),
    protectedSets: [],
    losses: [],
    hostAddresses: new Map(),
    decided: 0,
    marks: ['mem1'],
    paused: false,
  };
  const bans = new StandingBans(state, () => undefined);
  const policy = new Policy(
    { allowPrivate: false, widest: { 4: 16, 6: 32 }, reportsPerClientMax: standing },
    new Whitelist(whitelist, []),
    new ProtectedAddresses(),
  );
  const writer = new ReportWriter(policy, systemClock);
  const tookUs = Array.from({ length: rounds }, (_, round) => {
    const networks = addresses(decisions, standingFrom + standing + round * decisions);
    const startedMs = performance.now();
    for (const [index, network] of networks.entries()) decide({ bans, writer, network, number: index + 1 });
    return ((performance.now() - startedMs) * 1_000) / decisions;
  });
  return median(tookUs);
}

const client: Client = {
  name: 'host0',
  may: ['ban', 'unban'],
  jails: ['*'],
  follows: ['*'],
  from: [],
  description: '',
  addedAt: 0,
  keys: [],
};

interface Decision {
  readonly bans: StandingBans;
  readonly writer: ReportWriter;
  readonly network: Network;
  readonly number: number;
}

/** What the intake does for one ban that comes alone. */
function decide({ bans, writer, network, number }: Decision): void {
  const draft = new Draft(bans, new Map());
  const event = { number, verb: 'ban', jail: 'sshd', network, ttlSeconds: 3_600, source: 'jail' } as const;
  const refusal = writer.carryOut(draft, client, event);
  if (refusal !== undefined) throw new Error(`${network} was refused: ${refusal.detail}`);
  draft.advance(client.name, 'bench-stream', number);
}

interface Memory {
  readonly afterStart: number;
  /** The most by then. */
  readonly peak: number;
  readonly afterBans: number;
}

async function measureMemory(place: Place): Promise<Memory> {
  const file = join(place.dir, 'whitelist.txt');
  await writeFile(file, whitelist.join('\n'));
  await writeLedger(join(place.dir, 'standing/ledger.db'), reportsOf(addresses(standing, standingFrom), clients));
  const server = await place.startServer('standing', {
    policy: [`whitelist_file = ${file}`],
    enforcers: ['[dry-run]'],
  });
  const enrolment = await server.enrolmentFor('load0');
  const { pid } = server.program;
  const [afterStart, peak] = [await residentMegabytes(pid), await peakMegabytes(pid)];
  const load: Load = {
    enrolments: [enrolment],
    caFile: place.certificates.caFile,
    warmUpFrames: 0,
    frames: 100,
    eventsPerFrame: 100,
    firstNumber: 1,
  };
  await place.startScript('load-client', load).said(/"recorded":10000\b/);
  return { afterStart, peak, afterBans: await residentMegabytes(pid) };
}
