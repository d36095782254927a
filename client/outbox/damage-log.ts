import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import type { Log } from '../../shared/host/log.ts';

/** Name of the file in the state folder. */
export const damageLogName = 'damage.log';

/** Lines that are kept: the last ones. */
export const damagesMax = 50;

/** What was found wrong with the agent's state, one line each with its time. @returns none when there is no such file */
export async function readDamage(directory: string): Promise<readonly string[]> {
  const text = await readIfPresent(join(directory, damageLogName));
  return (text ?? '').split('\n').filter((line) => line !== '');
}

/**
 * Tells a person what was found wrong with the state: in the log, and in a file that outlives the restart after which
 * nothing is wrong any more, until that person deletes it.
 */
export async function tellDamage(
  directory: string,
  sentences: readonly string[],
  { log, clock }: { readonly log: Log; readonly clock: Clock },
): Promise<void> {
  if (sentences.length === 0) return;
  for (const sentence of sentences) log.error({ damage: sentence }, "the agent's state is damaged");
  try {
    const lines = sentences.map((sentence) => `${new Date(clock.now()).toISOString()} ${sentence}`);
    const kept = [...(await readDamage(directory)), ...lines].slice(-damagesMax);
    await replaceFile(join(directory, damageLogName), `${kept.join('\n')}\n`);
  } catch (error) {
    log.error({ error: describeError(error) }, 'that it is damaged could not be written down');
  }
}
