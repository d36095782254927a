import type { Configuration, ConfiguredAlias } from './configuration.ts';
import type { PfTables } from './pf-tables.ts';

/** What the calls work on. */
export interface Workplace {
  readonly configuration: Configuration;
  readonly pf: PfTables;
  /** As `26.1`: what older versions do otherwise. */
  readonly version: number;
}

/** A UserException, another exception, or a fault of pf: 500 with its text. */
export class UserError extends Error {
  readonly code = 'user';
}

type Body = Readonly<Record<string, unknown>>;

/** AliasUtilController.php: what pf holds, one entry a call. */
export async function aliasUtil(action: string, name: string, body: Body, workplace: Workplace): Promise<unknown> {
  const { pf } = workplace;
  switch (action) {
    case 'aliases':
      return [...pf.names].sort();
    case 'list':
      return list(name, body, workplace);
    case 'flush':
      // flushAction: pf only.
      pf.flush(name);
      return { status: 'done' };
    case 'add':
      return typeof body['address'] === 'string' ? await add(name, body['address'], workplace) : { status: 'failed' };
    case 'delete':
      return typeof body['address'] === 'string'
        ? await remove(name, body['address'], workplace)
        : { status: 'failed' };
    default:
      return undefined;
  }
}

/** listAction: a page of 9999 rows by default; of an unknown table none. */
function list(name: string, body: Body, { pf, version }: Workplace): unknown {
  const rowCount = Number(body['rowCount'] ?? 9999);
  const all = pf.show(name);
  // array_slice with the length -1 leaves out the last; since 25.7 -1 stands for all.
  const rows = rowCount === -1 && version >= 25.7 ? all : all.slice(0, rowCount);
  return { total: all.length, rowCount, current: 1, rows: rows.map((ip) => ({ ip })) };
}

/** addAction. */
async function add(name: string, given: string, workplace: Workplace): Promise<unknown> {
  if (/[^0-9a-f:./_]/.test(given)) return { status: 'not_an_address' };
  const alias = workplace.configuration.byName(name);
  // Only known aliases are added to, since 24.1.
  if (alias === undefined) return { status: 'failed', status_msg: `nonexistent alias ${name}` };
  const address = alias.type === 'network' && !given.includes('/') ? withMask(given) : given;
  if (isStatic(alias)) await addToContent(alias, address, workplace);
  // Whatever pfctl says.
  workplace.pf.add(name, address);
  return { status: 'done' };
}

async function addToContent(alias: ConfiguredAlias, address: string, { configuration }: Workplace): Promise<void> {
  const items = linesOf(alias);
  // `if (!array_search(…))`: the place of the first item is 0, which counts as not found.
  if (items.indexOf(address) > 0) return;
  // BaseModel.php, serializeToConfig: what the content's rules do not allow is an exception.
  if (alias.type === 'host' && address.includes('/')) throw new UserError(`Entry "${address}" is not a valid hostname`);
  alias.content = [...items, address].join('\n');
  await configuration.save();
}

/** deleteAction: one item each of the spelling with its mask and of the one given. */
async function remove(name: string, address: string, { configuration, pf }: Workplace): Promise<unknown> {
  const alias = configuration.byName(name);
  if (alias !== undefined && isStatic(alias)) {
    const items = linesOf(alias);
    const places = [address.includes('/') ? address : withMask(address), address].map((each) => items.indexOf(each));
    const kept = items.filter((_item, at) => !places.includes(at));
    if (kept.length < items.length) {
      alias.content = kept.join('\n');
      await configuration.save();
    }
  }
  pf.remove(name, address);
  return { status: 'done' };
}

function withMask(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** Types whose content stands in config.xml. */
export function isStatic({ type }: ConfiguredAlias): boolean {
  return type === 'host' || type === 'network';
}

export function linesOf({ content }: ConfiguredAlias): string[] {
  return content === '' ? [] : content.split('\n');
}
