import { systemClock } from '../../shared/clock.ts';
import type { Network } from '../../shared/network.ts';
import { entry } from '../contracts/reconciler-bench.ts';
import type { Fail2banProcess } from '../end-to-end/fail2ban-process.ts';
import { openJail, peerJail, startWithPeerJail } from '../end-to-end/peer-jail-under-test.ts';
import { atLeastOfPeer, atMost, type Bench, type Figure, median } from './figure.ts';
import { addresses } from './networks.ts';
import { requireProgram } from './place.ts';

const rounds = 3;
const bansPerRound = 1_000;
const singlesPerRound = 20;
const never = new AbortController().signal;

/** A second peer jail, which starts a process for each ban; the local firewall of the one that we ship costs nothing. */
const processJail = `[process-peers]
enabled = true
filter =
backend = polling
bantime = -1
action = quiet[actionban=true]
`;

interface Outcome {
  readonly batchRates: number[];
  readonly singleRates: number[];
  /** How long others waited for an answer while the batches went in. */
  readonly waitsMs: number[];
}

/** The real fail2ban: bans that the agent puts into a peer jail, beside one call of fail2ban-client for each. */
export const peerJailFigures: Bench = {
  name: 'peerjail',
  measure: async (place) => {
    await requireProgram('fail2ban-server', 'fail2ban');
    const fail2ban = await startWithPeerJail(place.dir, processJail);
    place.atEnd(() => fail2ban.kill());
    const quiet = await measureJail(fail2ban, peerJail);
    const withProcess = await measureJail(fail2ban, 'process-peers');
    return [
      rateFigure('peer jail: bans, no command each', quiet),
      rateFigure('peer jail: bans, `true` each', withProcess),
      waitFigure(withProcess),
    ];
  },
};

function rateFigure(name: string, { batchRates, singleRates }: Outcome): Figure {
  const peer = { name: 'fail2ban-client once a ban', value: median(singleRates) };
  const note = `medians of ${rounds} rounds by turns, ${bansPerRound} bans in batches, ${singlesPerRound} one by one`;
  return atLeastOfPeer({ name, value: median(batchRates), unit: 'bans/s', peer, note }, 5);
}

function waitFigure({ waitsMs }: Outcome): Figure {
  const note =
    'the longest answer to `fail2ban-client ping`, asked again and again while the batches with `true` went in';
  return atMost({ name: 'peer jail: others wait for fail2ban', value: Math.max(...waitsMs), unit: 'ms', note }, 1_500);
}

async function measureJail(fail2ban: Fail2banProcess, jail: string): Promise<Outcome> {
  const outcome: Outcome = { batchRates: [], singleRates: [], waitsMs: [] };
  for (let round = 0; round < rounds; round += 1) {
    const from = round * (bansPerRound + singlesPerRound);
    const singles = addresses(singlesPerRound, from);
    outcome.singleRates.push(await rateOf(singles, () => banSingly(fail2ban, jail, singles)));
    const many = addresses(bansPerRound, from + singlesPerRound);
    const banned = rateOf(many, () => banInBatches(fail2ban, jail, many));
    outcome.waitsMs.push(...(await pingUntil(fail2ban, banned)));
    outcome.batchRates.push(await banned);
  }
  return outcome;
}

async function rateOf(networks: readonly Network[], ban: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await ban();
  return (networks.length * 1_000) / (performance.now() - startedMs);
}

async function banSingly(fail2ban: Fail2banProcess, jail: string, networks: readonly Network[]): Promise<void> {
  for (const network of networks) await fail2ban.client('set', jail, 'banip', network);
}

/** From the first list on, as an agent that has just started. */
async function banInBatches(fail2ban: Fail2banProcess, jail: string, networks: readonly Network[]): Promise<void> {
  const enforcer = openJail(fail2ban, systemClock, jail);
  await enforcer.list(never);
  const steps = networks.map((network) => ({ verb: 'add', entry: entry(network) }) as const);
  while (steps.length > 0) await enforcer.apply(steps.splice(0, enforcer.stepsPerCall), never);
}

/** @returns how long each answer took */
async function pingUntil(fail2ban: Fail2banProcess, end: Promise<unknown>): Promise<number[]> {
  const waitsMs: number[] = [];
  let hasEnded = false;
  const ended = end.finally(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const askedMs = performance.now();
    await fail2ban.client('ping');
    waitsMs.push(performance.now() - askedMs);
  }
  await ended;
  return waitsMs;
}
