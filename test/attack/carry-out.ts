import { lastFirst } from '../ending.ts';
import type { Attack, Verdict } from './attack.ts';
import { Chance } from './chance.ts';

/** Carries one attack out, and ends what it started, whatever comes. @throws when it cannot be carried out */
export async function carryOut(attack: Attack, options: { seed: number; rounds: number }): Promise<Verdict> {
  const ends: (() => Promise<void>)[] = [];
  const ending = lastFirst({ after: (end) => void ends.push(end) });
  const failures: string[] = [];
  const notes: string[] = [];
  let tried = 0;
  try {
    await attack.run({
      ending,
      chance: new Chance(options.seed),
      rounds: options.rounds,
      tried: (count) => {
        tried += count;
      },
      failed: (sentence) => void failures.push(sentence),
      note: (sentence) => void notes.push(sentence),
    });
  } finally {
    for (const end of ends) await end();
  }
  return { name: attack.name, tried, failures, notes };
}
