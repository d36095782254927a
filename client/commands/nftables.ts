import { formatDuration } from '../../shared/duration.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { nftRunner } from '../enforcers/nftables/run-nft.ts';
import { removalLines } from '../enforcers/nftables/scripts.ts';
import { type HeldTables, readTables, tableOf } from '../enforcers/nftables/tables.ts';
import { type CommandContext, show } from './command-context.ts';

/** `nftables show`: what the kernel blocks for us now, table by table. Changes nothing. @throws EnforcerError */
export async function showTables(context: CommandContext): Promise<ExitCode> {
  const now = context.clock.now();
  const tables = entriesOf(await readTables(nftRunner(), now, new AbortController().signal), now);
  const lines = tables.flatMap(({ table, entries }) => [
    `${table}: ${entries.length} blocked`,
    ...entries.map(({ network, seconds }) => `  ${network} ${formatDuration(seconds)}`),
  ]);
  show(context, { tables }, lines.length > 0 ? lines : [noTable]);
  return exitCodes.done;
}

/** `nftables remove`: takes our tables away, and with them every block. @throws EnforcerError */
export async function removeTables(context: CommandContext): Promise<ExitCode> {
  const run = nftRunner();
  const signal = new AbortController().signal;
  const held = await readTables(run, context.clock.now(), signal);
  if (held.size > 0) await run(['-f', '-'], removalLines(held.keys()).join('\n'), signal);
  const removed = Array.from(held.keys(), (hook) => tableOf[hook]);
  const said = Array.from(held, ([hook, { owners }]) => `${tableOf[hook]}${ownersText(owners)}`);
  show(context, { removed }, removed.length > 0 ? [`removed: ${said.join(', ')}`, hint] : [noTable]);
  return exitCodes.done;
}

/** Whoever removes the table of an agent that still runs should hear whose it was. */
function ownersText(owners: ReadonlyMap<string, string>): string {
  return owners.size === 0 ? '' : ` (of the agent with ${[...owners.values()].join(', ')})`;
}

const noTable = 'there is no table of ours';
const hint = 'an agent that runs with enforcer = nftables makes them again';

interface ShownTable {
  readonly table: string;
  /** What is left of each, null for ever. */
  readonly entries: readonly { readonly network: string; readonly seconds: number | null }[];
}

function entriesOf(held: HeldTables, now: number): readonly ShownTable[] {
  return Array.from(held, ([hook, { ends }]) => ({
    table: tableOf[hook],
    entries: Array.from(ends, ([network, endsAt]) => ({
      network,
      seconds: endsAt === Number.POSITIVE_INFINITY ? null : Math.round((endsAt - now) / 1_000),
    })),
  }));
}
