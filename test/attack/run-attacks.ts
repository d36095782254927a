import { parseArgs } from 'node:util';
import { describeError } from '../../shared/errors.ts';
import type { Attack, Verdict } from './attack.ts';
import { attacks } from './attacks.ts';
import { carryOut } from './carry-out.ts';

/**
 * `npm run attack`: puts the real programs through what must not harm them, by chance that a seed decides, and prints how
 * often each property was tried and broken. Ends with 1 when one was. `-- --only NAME` runs one, `-- --seed N` repeats
 * a run, `-- --rounds N` sets how often.
 */
const { values } = parseArgs({
  options: { only: { type: 'string' }, seed: { type: 'string' }, rounds: { type: 'string' } },
});
const names = attacks.map(({ name }) => name).join(', ');
const chosen = attacks.filter(({ name }) => values.only === undefined || values.only === name);
if (chosen.length === 0) throw new Error(`--only: no attack ${values.only}; there are ${names}`);
const seed = wholeNumber('--seed', values.seed) ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
const rounds = wholeNumber('--rounds', values.rounds);

process.stdout.write(`seed ${seed}\n`);
for (const attack of chosen) if (!(await attempt(attack))) process.exitCode = 1;

/** @returns whether the property held */
async function attempt(attack: Attack): Promise<boolean> {
  const startedAtMs = performance.now();
  try {
    const verdict = await carryOut(attack, { seed, rounds: rounds ?? attack.rounds.byHand });
    process.stdout.write(textOf(attack, verdict, performance.now() - startedAtMs));
    return verdict.failures.length === 0;
  } catch (error) {
    process.stdout.write(`${attack.name}: could not be carried out: ${describeError(error)}\n`);
    return false;
  }
}

function textOf({ name, must }: Attack, { tried, failures, notes }: Verdict, tookMs: number): string {
  const seconds = Math.round(tookMs / 1_000);
  const lines = [`${name}: ${tried} tried, ${failures.length} failed (${seconds} s) – ${must}`, ...notes];
  return `${[...lines, ...failures.slice(0, 20)].join('\n    ')}\n`;
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${option}: ${text} is not a whole number of at most 9 digits`);
  return Number(text);
}
