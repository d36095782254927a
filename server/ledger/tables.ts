import type { Database } from './database.ts';
import { HistoryWriter } from './history-writer.ts';
import { digestOf } from './integrity/digests.ts';
import { IdentityRows } from './integrity/identity.ts';
import { digestOfSet } from './integrity/protected-sets.ts';
import {
  type AdvancedChange,
  type Change,
  type Client,
  type ClientKey,
  type DecidedChange,
  type HostAddressesChange,
  ignoreipSource,
  type MarkAdoptedChange,
  type NameChange,
  type OtherChange,
  type ProtectedSet,
  type SourceReadChange,
  streamsPerClientMax,
  type WhitelistEntry,
} from './ledger.ts';
import { type Cell, endCell, RowWriter } from './rows.ts';

/** The statements that change the tables. Every method runs inside the caller's transaction. */
export class Tables {
  readonly history: HistoryWriter;
  readonly #streams: RowWriter;
  readonly #statements: Statements;

  private constructor(history: HistoryWriter, streams: RowWriter, statements: Statements) {
    this.history = history;
    this.#streams = streams;
    this.#statements = statements;
  }

  static async prepare(database: Database): Promise<Tables> {
    const stream = (rows: string): string => `INSERT OR REPLACE INTO stream VALUES ${rows}`;
    const streams = await RowWriter.prepare(database, '(?, ?, ?, ?, ?)', stream);
    return new Tables(await HistoryWriter.prepare(database), streams, await prepareStatements(database));
  }

  begin(): void {
    this.#statements.begin.run();
  }

  /** Forgets what a transaction that failed left half gathered. */
  clear(): void {
    this.history.clear();
    this.#streams.clear();
  }

  /** Everything but reports, in its order. */
  writeOthers(changes: readonly Change[], at: number): void {
    let advances: AdvancedChange[] = [];
    for (const change of changes) {
      if ('report' in change) continue;
      if (change.kind === 'advanced') advances.push(change);
      else {
        this.#advance(advances, at);
        advances = [];
        this.#writeOther(change);
      }
    }
    this.#advance(advances, at);
  }

  /** Keeps the number of the last change, whose entry may go. */
  keepSequence(last: number): void {
    this.#statements.setSetting.run('sequence', String(last));
  }

  #advance(advances: readonly AdvancedChange[], at: number): void {
    for (const { client, stream, number } of advances) {
      this.#streams.add(client, stream, number, at, digestOf([number], [client, stream]));
    }
    this.#streams.flush();
    for (const { client, isNew } of advances)
      if (isNew) this.#statements.forgetStreams.run(client, client, streamsPerClientMax);
  }

  #writeOther(
    change: OtherChange | NameChange | SourceReadChange | HostAddressesChange | MarkAdoptedChange | DecidedChange,
  ): void {
    const { allow, disallow, setSetting, identity } = this.#statements;
    switch (change.kind) {
      case 'allowed':
        allow.run(...whitelistCells(change.entry.network, change.entry));
        break;
      case 'disallowed':
        disallow.run(change.network);
        break;
      case 'name-allowed':
        allow.run(...whitelistCells(change.entry.name, change.entry));
        break;
      case 'name-disallowed':
        disallow.run(change.name);
        break;
      case 'enrolled':
        this.#writeClient(change.client);
        break;
      case 'revoked':
        this.#removeClient(change.client);
        break;
      case 'paused':
      case 'resumed':
        setSetting.run('paused', change.kind === 'paused' ? 'yes' : 'no');
        break;
      case 'decided':
        setSetting.run('decided', String(change.number));
        break;
      case 'source-read':
        this.#writeProtected(change);
        break;
      case 'host-addresses':
        this.#writeHostAddresses(change);
        break;
      case 'mark-adopted':
        identity.adopt(change.id);
        break;
    }
  }

  #writeClient({ name, may, jails, follows, from, description, addedAt, keys }: Client): void {
    const lists = [may, jails, follows, from].map((list) => list.join(','));
    this.#statements.putClient.run(name, ...lists, description, addedAt, digestOf([], [name, ...lists]));
    this.#statements.removeKeys.run(name);
    for (const key of keys) this.#statements.putKey.run(...keyCells(name, key));
  }

  #writeProtected({ source, networks }: ProtectedSet): void {
    const { putSource, removeProtected, putProtected } = this.#statements;
    putSource.run(source, digestOfSet(source, networks));
    removeProtected.run(source);
    for (const network of networks) putProtected.run(source, network);
  }

  #writeHostAddresses({ client, addresses }: HostAddressesChange): void {
    const { removeAddresses, putAddress } = this.#statements;
    removeAddresses.run(client);
    for (const { address, keyId, seenAt } of addresses) {
      const digest = digestOf([seenAt], [client, address, keyId]);
      putAddress.run(client, address, keyId, seenAt, digest);
    }
  }

  #removeClient(name: string): void {
    this.#statements.removeClient.run(name);
    this.#statements.removeKeys.run(name);
    this.#statements.removeStreams.run(name);
    this.#statements.removeAddresses.run(name);
    this.#statements.removeProtected.run(ignoreipSource(name));
    this.#statements.removeSource.run(ignoreipSource(name));
  }
}

/** @param what a network or a DNS name */
function whitelistCells(
  what: string,
  { addedAt, endsAt, note }: Pick<WhitelistEntry, 'addedAt' | 'endsAt' | 'note'>,
): readonly Cell[] {
  const end = endCell(endsAt);
  return [what, addedAt, end, note, digestOf([end], [what])];
}

function keyCells(client: string, key: ClientKey): readonly Cell[] {
  const end = endCell(key.endsAt);
  const texts = [client, key.id, key.kind, secretOf(key)];
  return [...texts, end, digestOf([end], texts)];
}

const sealedKinds: ReadonlySet<Change['kind']> = new Set<Change['kind']>([
  'allowed',
  'disallowed',
  'name-allowed',
  'name-disallowed',
  'enrolled',
  'revoked',
  'paused',
  'resumed',
]);

/** Whether a change writes a row whose digest counts in the seal, beside reports. */
export function isSealedApart({ kind }: Change): boolean {
  return sealedKinds.has(kind);
}

function secretOf(key: ClientKey): string {
  return key.kind === 'frames' ? key.secret : key.tokenHash;
}

type Statements = Awaited<ReturnType<typeof prepareStatements>>;

async function prepareStatements(database: Database) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    begin: await prepare('BEGIN IMMEDIATE'),
    allow: await prepare('INSERT OR REPLACE INTO whitelist VALUES (?, ?, ?, ?, ?)'),
    disallow: await prepare('DELETE FROM whitelist WHERE network = ?'),
    putClient: await prepare('INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    removeClient: await prepare('DELETE FROM client WHERE name = ?'),
    putKey: await prepare('INSERT INTO client_key VALUES (?, ?, ?, ?, ?, ?)'),
    removeKeys: await prepare('DELETE FROM client_key WHERE client = ?'),
    removeStreams: await prepare('DELETE FROM stream WHERE client = ?'),
    forgetStreams: await prepare(
      'DELETE FROM stream WHERE client = ? AND id NOT IN (SELECT id FROM stream WHERE client = ? ORDER BY used_at DESC LIMIT ?)',
    ),
    identity: await IdentityRows.prepare(database),
    putSource: await prepare('INSERT OR REPLACE INTO protected_source VALUES (?, ?)'),
    removeSource: await prepare('DELETE FROM protected_source WHERE name = ?'),
    removeProtected: await prepare('DELETE FROM protected WHERE source = ?'),
    putProtected: await prepare('INSERT OR REPLACE INTO protected VALUES (?, ?)'),
    removeAddresses: await prepare('DELETE FROM host_address WHERE client = ?'),
    putAddress: await prepare('INSERT OR REPLACE INTO host_address VALUES (?, ?, ?, ?, ?)'),
    setSetting: await prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)'),
  };
}
