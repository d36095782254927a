import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openNftables } from '../../client/enforcers/nftables/nftables.ts';
import { nftRunner } from '../../client/enforcers/nftables/run-nft.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Enforcer, Step } from '../../shared/enforcer.ts';
import type { Network } from '../../shared/network.ts';
import { Namespace } from '../client/enforcers/nftables/namespace.ts';
import { owner } from '../client/enforcers/nftables/sample-owner.ts';
import { atLeastOfPeer, atMost, type Bench, median } from './figure.ts';
import { addresses } from './networks.ts';
import { type Place, requireProgram } from './place.ts';

const atOnce = 50_000;
const rounds = 3;
const singles = 100;
const banMs = 3_600_000;
const signal = new AbortController().signal;

/** The real nft in a network namespace: very many entries at once, then single bans beside them, by turns with bare nft. */
export const nftablesFigures: Bench = {
  name: 'nftables',
  measure: async (place) => {
    await requireProgram('nft', 'nftables');
    await requireProgram('ip', 'iproute2');
    const fillsMs: number[] = [];
    for (let round = 1; round < rounds; round += 1) fillsMs.push((await fill(place)).tookMs);
    const { namespace, enforcer, tookMs } = await fill(place);
    fillsMs.push(tookMs);
    const { oursMs, bareMs } = await measureSingles(namespace, enforcer);
    const fillMs = median(fillsMs);
    return [
      atMost(
        {
          name: 'nftables: 50,000 at once',
          value: fillMs,
          unit: 'ms',
          note: `median of ${rounds} empty tables, ${Math.ceil(atOnce / enforcer.stepsPerCall)} transactions each`,
        },
        1_000,
      ),
      atLeastOfPeer(
        {
          name: 'nftables: filling',
          value: (atOnce * 1_000) / fillMs,
          unit: 'bans/s',
          peer: { name: 'nft once a ban', value: 1_000 / median(bareMs) },
        },
        10,
      ),
      atMost(
        {
          name: 'nftables: one ban beside 50,000',
          value: median(oursMs),
          unit: 'ms',
          peer: { name: 'nft once a ban', value: median(bareMs) },
          note: `medians of ${singles} by turns; the peer is \`nft add element\` on the same set`,
        },
        20,
      ),
    ];
  },
};

interface Filled {
  readonly namespace: Namespace;
  readonly enforcer: Enforcer;
  readonly tookMs: number;
}

/** As a reconciler does it: a list, then as many steps a call as may be. */
async function fill(place: Place): Promise<Filled> {
  const namespace = await Namespace.make({ after: (end) => place.atEnd(end) });
  const run = nftRunner([...namespace.enter, 'nft']);
  const enforcer = openNftables({ hooks: ['host'] }, { clock: systemClock, run, owner });
  await enforcer.list(signal);
  const steps = addresses(atOnce).map(addition);
  const startedMs = performance.now();
  for (let at = 0; at < steps.length; at += enforcer.stepsPerCall) {
    await enforcer.apply(steps.slice(at, at + enforcer.stepsPerCall), signal);
  }
  const tookMs = performance.now() - startedMs;
  const held = await enforcer.list(signal);
  if (held.length !== atOnce) throw new Error(`${held.length} of ${atOnce} are held`);
  return { namespace, enforcer, tookMs };
}

async function measureSingles(
  namespace: Namespace,
  enforcer: Enforcer,
): Promise<{ readonly oursMs: readonly number[]; readonly bareMs: readonly number[] }> {
  const oursMs: number[] = [];
  const bareMs: number[] = [];
  const [program, ...lead] = namespace.enter;
  for (const [at, network] of addresses(2 * singles, atOnce).entries()) {
    const startedMs = performance.now();
    if (at % 2 === 0) await enforcer.apply([addition(network)], signal);
    else {
      const element = `add element inet fail2networkban ipv4_32 { ${network} timeout 1h }`;
      await promisify(execFile)(program, [...lead, 'nft', element]);
    }
    (at % 2 === 0 ? oursMs : bareMs).push(performance.now() - startedMs);
  }
  return { oursMs, bareMs };
}

function addition(network: Network): Step {
  return { verb: 'add', entry: { network, order: 0, endsAt: systemClock.now() + banMs, note: '' } };
}
