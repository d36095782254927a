import type { Step } from '../../../shared/enforcer.ts';
import type { Owner } from '../owner.ts';
import { type Hook, hooks } from './nftables-settings.ts';
import { markLines, unmarkLines } from './owner-mark.ts';
import { definitionOf, elementOf, type PrefixSet, ruleOf, setOf } from './prefix-set.ts';
import { type HeldTable, type HeldTables, type TableContent, tableOf } from './tables.ts';

/** Before conntrack (−200), so that no rule about established connections comes first; after defragmentation (−400). */
const priority = -300;

const chain = 'prerouting';

const daySeconds = 86_400;

/** What lines are made for. */
export interface Situation {
  /** What the tables are known to hold. More may be there, or less. */
  readonly known: TableContent;
  readonly tables: readonly Hook[];
  readonly owner: Owner;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Lines that carry out steps in each table; of the steps for one network only the last counts.
 *
 * ```
 *   add, not held   add
 *   add, held       add, delete, add    before Linux 6.12 an element that is added again keeps its end
 *   remove          add, delete         deleting what is not there, or has ended just now, is an error
 * ```
 *
 * A packet sees only the end of the transaction. After a deletion the kernel waits some 10 ms, so that an addition alone
 * is worth telling apart.
 */
export function changeLines(steps: readonly Step[], situation: Situation): string[] {
  const { known, tables, owner } = situation;
  const changes = changesBySet(steps, situation);
  const sets = new Map([...known.sets, ...Array.from(changes, ([name, { set }]) => [name, set] as const)]);
  return tables.flatMap((hook) => [
    ...(sets.size > known.sets.size ? layoutLines(hook, sets.values(), owner) : []),
    ...[...changes.values()].flatMap((change) => elementLines(hook, change)),
  ]);
}

/**
 * Lines that heal what stands: tables of hooks that are no longer wanted go, those that are wanted have every known set
 * with its rule, and everything that is known. None when all is well.
 */
export function repairLines(held: HeldTables, { known, tables, owner, now }: Situation): string[] {
  return hooks.flatMap((hook) => {
    const table = held.get(hook);
    if (!tables.includes(hook)) return table === undefined ? [] : removalLines([hook]);
    const layout = isComplete(table, known, owner) ? [] : layoutLines(hook, known.sets.values(), owner);
    const former = [...(table?.owners.keys() ?? [])].filter((id) => id !== owner.id);
    const missing = additionsTo(table, known);
    const situation = { known: { sets: known.sets, ends: new Map() }, tables: [hook], owner, now };
    return [...unmarkLines(tableOf[hook], former), ...layout, ...changeLines(missing, situation)];
  });
}

/** Lines that take tables away, which must be there. */
export function removalLines(tables: Iterable<Hook>): string[] {
  return Array.from(tables, (hook) => `delete table ${tableOf[hook]}`);
}

/** Lines that make a table have these sets and the rules for them. What the sets hold stays. */
function layoutLines(hook: Hook, sets: Iterable<PrefixSet>, owner: Owner): string[] {
  const table = tableOf[hook];
  const all = [...sets];
  return [
    `add table ${table}`,
    ...markLines(table, owner),
    `add chain ${table} ${chain} { type filter hook prerouting priority ${priority}; policy accept; }`,
    ...all.map((set) => `add set ${table} ${set.name} { ${definitionOf(set)} }`),
    `flush chain ${table} ${chain}`,
    ...all.map((set) => `add rule ${table} ${chain} ${ruleOf(set)}`),
  ];
}

/** What happens to one set. */
interface Change {
  readonly set: PrefixSet;
  readonly deleted: string[];
  readonly added: string[];
}

function elementLines(hook: Hook, { set, deleted, added }: Change): string[] {
  const lineOf = (verb: string, elements: readonly string[]): string[] =>
    elements.length === 0 ? [] : [`${verb} element ${tableOf[hook]} ${set.name} { ${elements.join(', ')} }`];
  return [...lineOf('add', deleted), ...lineOf('delete', deleted), ...lineOf('add', added)];
}

function changesBySet(steps: readonly Step[], { known, now }: Situation): ReadonlyMap<string, Change> {
  const last = new Map(steps.map((step) => [step.entry.network, step]));
  const changes = new Map<string, Change>();
  for (const [network, step] of last) {
    const set = setOf(network);
    const change = changes.get(set.name) ?? { set, deleted: [], added: [] };
    changes.set(set.name, change);
    const element = elementOf(network);
    if (step.verb === 'remove' || known.ends.has(network)) change.deleted.push(element);
    const timeout = step.verb === 'add' ? timeoutOf(step.entry.endsAt, now) : undefined;
    if (timeout !== undefined) change.added.push(`${element}${timeout}`);
  }
  return changes;
}

function isComplete(table: HeldTable | undefined, { sets }: TableContent, { id }: Owner): boolean {
  return (
    table?.owners.has(id) === true && [...sets.keys()].every((name) => table.sets.has(name) && table.ruled.has(name))
  );
}

function additionsTo(table: HeldTable | undefined, { ends }: TableContent): Step[] {
  const missing = [...ends].filter(([network]) => table?.ends.has(network) !== true);
  return missing.map(([network, endsAt]) => ({ verb: 'add', entry: { network, endsAt, order: 0, note: '' } }));
}

/**
 * In whole seconds, rounded up, and whole days, because nft reads no number of more than eight digits; undefined when it
 * has ended, because nft takes 0 for never.
 */
function timeoutOf(endsAt: number, now: number): string | undefined {
  if (endsAt === Number.POSITIVE_INFINITY) return '';
  const seconds = Math.ceil((endsAt - now) / 1_000);
  return seconds > 0 ? ` timeout ${Math.floor(seconds / daySeconds)}d${seconds % daySeconds}s` : undefined;
}
