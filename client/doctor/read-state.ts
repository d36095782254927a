import { join } from 'node:path';
import { damageLogName, readDamage } from '../outbox/damage-log.ts';
import type { StateFacts } from './judge-state.ts';

/** Reads what the agent wrote down of its own state, whether it runs or not. */
export async function readState(directory: string): Promise<StateFacts> {
  return { damage: await readDamage(directory), file: join(directory, damageLogName) };
}
