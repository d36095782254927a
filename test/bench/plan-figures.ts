import { type DesiredEntriesOptions, desiredEntries } from '../../shared/desired-entries.ts';
import { ipv4From } from '../../shared/network.ts';
import { atMostOfPeer, type Bench, median } from './figure.ts';

const bans = 100_000;
const rounds = 7;

const options: DesiredEntriesOptions = {
  now: 1_000,
  mayBlock: () => true,
  maxEntries: 20_000,
  merge: true,
  widest: { 4: 16, 6: 32 },
};

/** Scattered over IPv4, so that few are whole CIDRs together. */
const candidates = Array.from({ length: bans }, (_, order) => ({
  network: ipv4From((order * 2_654_435_761) % 4_294_967_296, 32),
  order,
  endsAt: Number.POSITIVE_INFINITY,
  claims: [{ client: 'web1', sequence: order }],
  isOperators: false,
  note: 'sshd web1',
}));

/** What one firewall is to hold, chosen from all bans that stand. */
export const planFigures: Bench = {
  name: 'plan',
  measure: async () => {
    const chosen = median(times(() => desiredEntries(candidates, options)));
    const sorted = median(times(() => candidates.map(({ network }) => network).sort()));
    const name = `choosing ${options.maxEntries.toLocaleString('en')} of 100,000 bans`;
    return [
      atMostOfPeer({ name, value: chosen, unit: 'ms', peer: { name: 'sorting their networks', value: sorted } }, 2),
    ];
  },
};

/** @returns milliseconds of each round */
function times(work: () => unknown): number[] {
  return Array.from({ length: rounds }, () => {
    const startedMs = performance.now();
    work();
    return performance.now() - startedMs;
  });
}
