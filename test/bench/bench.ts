import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { describeError } from '../../shared/errors.ts';
import { agentFigures } from './agent-figures.ts';
import { blocklistFigures } from './blocklist-figures.ts';
import { crowdsecFigures } from './crowdsec-figures.ts';
import { fail2banRate } from './fail2ban-rate.ts';
import { feedFigures } from './feed-figures.ts';
import type { Bench, Figure } from './figure.ts';
import { fillFigures } from './fill-figures.ts';
import { formatFigures } from './format-figures.ts';
import { httpFigures } from './http-figures.ts';
import { describeMachine, formatMachine } from './machine.ts';
import { nftablesFigures } from './nftables-figures.ts';
import { opnsenseFigures } from './opnsense-figures.ts';
import { peerJailFigures } from './peer-jail-figures.ts';
import { Place } from './place.ts';
import { planFigures } from './plan-figures.ts';
import { returnFigures } from './return-figures.ts';
import { serverRate } from './server-rate.ts';
import { shareFigures } from './share-figures.ts';
import { standingFigures } from './standing-figures.ts';
import { steadyFigures } from './steady-figures.ts';

/**
 * `npm run bench`: the figures that README promises, each beside its bound. Ends with 1 when one is missed or could not be
 * measured. `-- --only NAME` measures one group, `-- --json` prints JSON.
 */
const benches: readonly Bench[] = [
  fail2banRate,
  peerJailFigures,
  agentFigures,
  serverRate,
  shareFigures,
  returnFigures,
  standingFigures,
  planFigures,
  fillFigures,
  steadyFigures,
  feedFigures,
  httpFigures,
  nftablesFigures,
  opnsenseFigures,
  blocklistFigures,
  crowdsecFigures,
];
const names = benches.map(({ name }) => name).join(', ');

interface Failure {
  readonly bench: string;
  readonly reason: string;
}

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'boolean', default: false } } });
const chosen = benches.filter(({ name }) => values.only === undefined || values.only === name);
if (chosen.length === 0) throw new Error(`no bench ${values.only}; there are ${names}`);

const machine = await describeMachine();
const figures: Figure[] = [];
const failures: Failure[] = [];
for (const bench of chosen) {
  process.stderr.write(`${bench.name} …\n`);
  const outcome = await measure(bench);
  if ('reason' in outcome) failures.push(outcome);
  else figures.push(...outcome.figures);
}
const loadAverageAtEnd = loadavg()[0] ?? 0;

if (values.json) process.stdout.write(`${JSON.stringify({ machine, loadAverageAtEnd, figures, failures }, null, 2)}\n`);
else process.stdout.write(`${textOf()}\n`);
process.exitCode = failures.length === 0 && figures.every(({ isMet }) => isMet) ? 0 : 1;

async function measure(bench: Bench): Promise<{ readonly figures: readonly Figure[] } | Failure> {
  const place = await Place.make();
  const stop = (): void => void place.close().then(() => process.exit(1));
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    return { figures: await bench.measure(place) };
  } catch (error) {
    return { bench: bench.name, reason: describeError(error) };
  } finally {
    for (const signal of signals) process.off(signal, stop);
    await place.close();
  }
}

function textOf(): string {
  const missing = failures.map(({ bench, reason }) => `NOT MEASURED: ${bench}: ${reason}`);
  const end = `load average ${loadAverageAtEnd.toFixed(2)} at the end`;
  return [formatFigures(figures), '', formatMachine(machine), end, ...missing].join('\n');
}
