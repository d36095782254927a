import { type DnsName, parseDnsName } from '../../shared/dns/dns-name.ts';
import { type Permission, permissions } from '../../shared/frames.ts';
import type { Network } from '../../shared/network.ts';
import { asBytes, asRow, end, integer, items, labels, network, networkOf, type Row, source, text } from './cells.ts';
import type { Database } from './database.ts';
import type {
  Client,
  ClientKey,
  HostAddress,
  LedgerState,
  Loss,
  ProtectedSet,
  Report,
  WhitelistEntry,
} from './ledger.ts';
import { LedgerError, lossSubjects } from './ledger.ts';

/** Of a ledger, or of entries whose mark names none. */
const markPattern = /^(?:[a-z0-9]{4}|old)$/;
/** SHA-256, hexadecimal. */
const hashPattern = /^[0-9a-f]{64}$/;

/** Everything that stands, checked as strictly as a frame: somebody may have edited the file by hand. */
export async function loadState(database: Database): Promise<LedgerState> {
  const rows = async (sql: string): Promise<Row[]> => (await (await database.prepare(sql)).all()).map(asRow);
  const keys = (await rows(`SELECT ${asBytes('client', 'id', 'kind', 'secret')}, ends_at FROM client_key`)).map(
    (row) => ({
      client: text(row, 'client'),
      key: readKey(row),
    }),
  );
  const keysOf = (name: string) => keys.filter(({ client }) => client === name).map(({ key }) => key);
  return {
    id: await readId(database),
    marks: await readMarks(database),
    sequence: await readSequence(database),
    paused: (await readSetting(database, 'paused')) === 'yes',
    decided: await readDecided(database),
    reports: await readReports(database),
    ...readWhitelist(await rows(`SELECT added_at, ends_at, ${asBytes('network', 'note')} FROM whitelist`)),
    clients: (
      await rows(`SELECT ${asBytes('name', 'may', 'jails', 'follows', 'sources', 'description')}, added_at FROM client`)
    ).map((row) => readClient(row, keysOf(text(row, 'name')))),
    streams: readStreams(await rows(`SELECT ${asBytes('client', 'id')}, number FROM stream ORDER BY used_at`)),
    protectedSets: readProtectedSets(
      await rows(`SELECT ${asBytes('name')} FROM protected_source`),
      await rows(`SELECT ${asBytes('source', 'network')} FROM protected ORDER BY source, network`),
    ),
    losses: (await rows(`SELECT found_at, holds_back, about, ${asBytes('text')} FROM loss ORDER BY rowid`)).map(
      readLoss,
    ),
    hostAddresses: readHostAddresses(
      await rows(
        `SELECT ${asBytes('client', 'address', 'key')}, seen_at FROM host_address ORDER BY client, seen_at, address`,
      ),
    ),
  };
}

export async function readId(database: Database): Promise<string> {
  const id = await readSetting(database, 'id');
  if (id === undefined) throw new LedgerError('setting id: is not there');
  return id;
}

/** The number of the operator's last decision that the ledger has; 0: of none. */
export async function readDecided(database: Database): Promise<number> {
  return Number(await readSetting(database, 'decided')) || 0;
}

async function readSetting(database: Database, name: string): Promise<string | undefined> {
  const found = (await database.prepare(`SELECT ${asBytes('value')} FROM setting WHERE name = ?`)).get(name);
  return found === undefined ? undefined : text(asRow(found), 'value');
}

/** Ids in the marks of entries that the ledger owns, the own one first. @throws LedgerError */
export async function readMarks(database: Database): Promise<readonly string[]> {
  const marks = ((await readSetting(database, 'marks')) ?? '').split(',');
  if (marks.every((mark) => markPattern.test(mark))) return marks;
  throw new LedgerError(`setting marks: ${marks.join()} is not a list of ids as k3x9`);
}

/** The last number given, also when the entry that had it is lost. */
export async function readSequence(database: Database): Promise<number> {
  const sealed = integer(
    asRow((await database.prepare('SELECT ifnull(max(sequence), 0) AS sealed FROM seal')).get()),
    'sealed',
  );
  return Math.max(sealed, await readWrittenSequence(database));
}

/** The last number that is found: of the newest entry, or what was kept when that was pruned. */
export async function readWrittenSequence(database: Database): Promise<number> {
  const newest = '(SELECT max(sequence) FROM history)';
  const kept = "(SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'sequence')";
  const statement = await database.prepare(`SELECT max(ifnull(${newest}, 0), ifnull(${kept}, 0)) AS sequence`);
  return integer(asRow(statement.get()), 'sequence');
}

/**
 * Named one by one, as everywhere: over a column whose name is no text, the library ends the process too. Not of the view `report`,
 * which is for people: its text in the file may be damaged, and a lifted report would be a ban again.
 */
const selectReports = `SELECT network, client, jail, source, reported_at, ends_at, labels, kind = 'withdrawn' AS is_lifted, sequence
  FROM history WHERE stands = 1 ORDER BY sequence`;

async function readReports(database: Database): Promise<Report[]> {
  const reports: Report[] = [];
  const known = new Map<string, string>();
  const statement = await database.prepare(selectReports);
  for (const row of await statement.iterate()) reports.push(readReport(asRow(row), known));
  return reports;
}

/** Every row has strings of its own; of the few names there are, one each is kept. */
function readReport(row: Row, known: Map<string, string>): Report {
  const report = {
    network: network(row),
    client: once(text(row, 'client'), known),
    jail: once(text(row, 'jail'), known),
    source: source(row),
    reportedAt: integer(row, 'reported_at'),
    endsAt: end(row),
    isLifted: row['is_lifted'] === 1,
    labels: row['labels'] === null ? undefined : labels(row),
    sequence: integer(row, 'sequence'),
  };
  return row['source'] === 'even-host' ? { ...report, evenHost: true } : report;
}

function once(name: string, known: Map<string, string>): string {
  const first = known.get(name);
  if (first === undefined) known.set(name, name);
  return first ?? name;
}

/** A DNS name stands in the column of the network. */
function readWhitelist(rows: readonly Row[]): Pick<LedgerState, 'whitelist' | 'whitelistNames'> {
  const nameOf = (row: Row): DnsName | undefined => parseDnsName(text(row, 'network'));
  return {
    whitelist: rows.filter((row) => nameOf(row) === undefined).map(readWhitelistEntry),
    whitelistNames: rows.flatMap((row) => {
      const name = nameOf(row);
      if (name === undefined) return [];
      return [{ name, addedAt: integer(row, 'added_at'), endsAt: end(row), note: text(row, 'note') }];
    }),
  };
}

function readWhitelistEntry(row: Row): WhitelistEntry {
  return { network: network(row), addedAt: integer(row, 'added_at'), endsAt: end(row), note: text(row, 'note') };
}

function readClient(row: Row, keys: readonly ClientKey[]): Client {
  return {
    name: text(row, 'name'),
    may: text(row, 'may').split(',').filter(isPermission),
    jails: items(row, 'jails'),
    follows: items(row, 'follows'),
    from: items(row, 'sources').map((item) => networkOf(item, 'sources')),
    description: text(row, 'description'),
    addedAt: integer(row, 'added_at'),
    keys,
  };
}

function readKey(row: Row): ClientKey {
  const [id, kind, secret, endsAt] = [text(row, 'id'), text(row, 'kind'), text(row, 'secret'), end(row)];
  if (kind === 'frames') return { kind, id, secret, endsAt };
  if (kind === 'http' && hashPattern.test(secret)) return { kind, id, tokenHash: secret, endsAt };
  throw new LedgerError(`client_key ${id}: unknown kind ${kind}, or no hash of a token`);
}

function readStreams(rows: readonly Row[]): Map<string, Map<string, number>> {
  const streams = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const client = text(row, 'client');
    const ofClient = streams.get(client) ?? new Map<string, number>();
    streams.set(client, ofClient.set(text(row, 'id'), integer(row, 'number')));
  }
  return streams;
}

/** A source that was read and named nothing has no rows but its name. */
function readProtectedSets(sources: readonly Row[], rows: readonly Row[]): ProtectedSet[] {
  const networks = new Map(sources.map((row): [string, Network[]] => [text(row, 'name'), []]));
  for (const row of rows) networks.get(text(row, 'source'))?.push(network(row));
  return Array.from(networks, ([source, known]) => ({ source, networks: known }));
}

function readHostAddresses(rows: readonly Row[]): Map<string, HostAddress[]> {
  const addresses = new Map<string, HostAddress[]>();
  for (const row of rows) {
    const client = text(row, 'client');
    const address = networkOf(text(row, 'address'), 'address');
    const known = { address, keyId: text(row, 'key'), seenAt: integer(row, 'seen_at') };
    addresses.set(client, [...(addresses.get(client) ?? []), known]);
  }
  return addresses;
}

function readLoss(row: Row): Loss {
  const about = lossSubjects.find((subject) => subject === row['about']) ?? 'record';
  return { foundAt: integer(row, 'found_at'), about, text: text(row, 'text'), holdsBack: row['holds_back'] === 1 };
}

function isPermission(value: string): value is Permission {
  return permissions.some((permission) => permission === value);
}
