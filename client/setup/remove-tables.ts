import { EnforcerError } from '../../shared/errors.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import type { Step } from '../../shared/host/setup-step.ts';
import { plural } from '../../shared/plural.ts';
import type { Hook } from '../enforcers/nftables/nftables-settings.ts';
import { commentOf } from '../enforcers/nftables/owner-mark.ts';
import { removalLines } from '../enforcers/nftables/scripts.ts';
import { type HeldTable, readTables, tableOf } from '../enforcers/nftables/tables.ts';
import type { SetupHost } from './host.ts';

/** What is left of nftables, and what takes it away. */
export interface TablePlan {
  readonly steps: readonly Step[];
  readonly stays: readonly string[];
}

/** Takes the tables away that are this agent's, or of one that marked nothing. @param state the folder of its state */
export async function planTables(host: SetupHost, state: string, config: string): Promise<TablePlan> {
  try {
    const held = [...(await read(host))];
    const ours = held.filter(([, table]) => isOurs(table, state));
    const stays = held
      .filter((each) => !ours.includes(each))
      .map(
        ([hook, { owners }]) => `stays: table ${tableOf[hook]}, of the agent with ${[...owners.values()].join(', ')}`,
      );
    return { stays, steps: ours.map(([hook, { ends }]) => removeStep(host, hook, ends.size)) };
  } catch (error) {
    if (!(error instanceof EnforcerError)) throw error;
    if (!/^\s*enforcer\s*=\s*nftables/m.test((await readIfPresent(config)) ?? '')) return { steps: [], stays: [] };
    return {
      steps: [],
      stays: [
        `stays: tables of nftables, if there are any: ${error.message}; to remove them: fail2networkban nftables remove`,
      ],
    };
  }
}

function removeStep(host: SetupHost, hook: Hook, blocked: number): Step {
  return {
    says: `nft delete table ${tableOf[hook]}  # ${plural(blocked, 'network')} blocked`,
    act: async () => {
      const isThere = (await read(host)).has(hook);
      if (isThere) await host.nft(['-f', '-'], removalLines([hook]).join('\n'), new AbortController().signal);
    },
  };
}

function read({ nft, clock }: SetupHost) {
  return readTables(nft, clock.now(), new AbortController().signal);
}

function isOurs({ owners }: HeldTable, state: string): boolean {
  const place = commentOf({ id: '', place: state });
  return owners.size === 0 || [...owners.values()].includes(place);
}
