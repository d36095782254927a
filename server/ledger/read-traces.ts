import type { Network } from '../../shared/network.ts';
import { asRow, integer, network } from './cells.ts';
import type { Database } from './database.ts';
import { InnerNetworks } from './inner-networks.ts';

/** Rows that are looked through at once: other work has its turn between. */
const rowsAtOnce = 20_000;

/** Which of these networks history knows, or a network inside of them; also of reports that stand, for they are history too. */
export async function readTraces(database: Database, networks: readonly Network[]): Promise<ReadonlySet<Network>> {
  const found = new Set(await readExact(database, networks));
  const inner = new InnerNetworks(networks.filter((each) => each.includes('/') && !found.has(each)));
  let after = 0;
  while (!inner.isDone) {
    const rows = await readReported(database, after);
    for (const row of rows) for (const outer of inner.take(row.network)) found.add(outer);
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.sequence;
  }
  return found;
}

/** All in one look, on the library's thread. */
async function readExact(database: Database, networks: readonly Network[]): Promise<readonly Network[]> {
  const statement = await database.prepare(
    'SELECT DISTINCT CAST(network AS BLOB) AS network FROM history WHERE client IS NOT NULL AND network IN (SELECT value FROM json_each(?))',
  );
  return (await statement.all(JSON.stringify(networks))).map((row) => network(asRow(row)));
}

async function readReported(database: Database, after: number) {
  const statement = await database.prepare(
    'SELECT sequence, CAST(network AS BLOB) AS network FROM history WHERE sequence > ? AND network IS NOT NULL AND client IS NOT NULL ORDER BY sequence LIMIT ?',
  );
  return (await statement.all(after, rowsAtOnce)).map((value) => {
    const row = asRow(value);
    return { sequence: integer(row, 'sequence'), network: network(row) };
  });
}
