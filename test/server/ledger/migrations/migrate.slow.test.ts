import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { openDatabase } from '../../../../server/ledger/database.ts';
import type { Migration } from '../../../../server/ledger/migrations/migration.ts';
import { migrations } from '../../../../server/ledger/migrations/migrations.ts';
import { prepareFile } from '../../../../server/ledger/prepare-file.ts';
import { applicationId, firstVersion, schema } from '../../../../server/ledger/schema.ts';
import { SqliteLedger } from '../../../../server/ledger/sqlite-ledger.ts';
import { ConfigError, describeError } from '../../../../shared/errors.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { askSqlite } from '../ask-sqlite.ts';
import { makeVersionOne } from './version-one.ts';

const folder = mkdtempSync(join(tmpdir(), 'f2nb-migrations-'));
after(() => rmSync(folder, { recursive: true }));

let filesMade = 0;
function newFile(): string {
  filesMade += 1;
  return join(mkdtempSync(join(folder, `${filesMade}-`)), 'ledger.db');
}

const tables = ['history', 'whitelist', 'client', 'client_key', 'stream', 'setting'] as const;
type Content = Record<(typeof tables)[number], readonly Record<string, unknown>[]>;

function readContent(file: string): Content {
  const rows = tables.map((table) => {
    const told = askSqlite(file, '.mode json', `SELECT * FROM ${table}`);
    return [table, told === '' ? [] : JSON.parse(told)];
  });
  return Object.fromEntries(rows);
}

/** Every row of before is there, with at least the columns of before; settings may be more. */
function assertKept(before: Content, now: Content): void {
  for (const table of tables) {
    const kept =
      table === 'setting'
        ? now[table].filter((row) => before[table].some(({ name }) => name === row['name']))
        : now[table];
    const columns = Object.keys(before[table][0] ?? {});
    const narrowed = kept.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
    assert.deepEqual(narrowed, before[table], table);
  }
}

/** Names of the copies beside a file. */
function copiesOf(file: string): string[] {
  return readdirSync(dirname(file))
    .filter((name) => name.includes('.version-'))
    .sort();
}

const clock = new ManualClock(Date.UTC(2026, 0, 31, 23, 59));

async function prepare(file: string, steps: readonly Migration[]): Promise<void> {
  const database = await openDatabase(file);
  try {
    await prepareFile(database, { file, clock, migrations: steps });
  } finally {
    database.close();
  }
}

const notes: Migration = { version: 2, change: (database) => database.exec('CREATE TABLE note (text TEXT)') };
const filled: Migration = {
  version: 3,
  change: (database) => database.exec("INSERT INTO note SELECT 'of ' || network FROM whitelist"),
};
const failing: Migration = {
  version: 3,
  change: async (database) => {
    await database.exec("INSERT INTO note VALUES ('half'); CREATE TABLE half (text TEXT)");
    await database.exec('INSERT INTO nothing VALUES (1)');
  },
};

describe('a ledger of an older version', () => {
  it('opens and keeps everything, and a copy of it as it was lies beside it', async () => {
    const file = newFile();
    makeVersionOne(file);
    const before = readContent(file);
    const ledger = await SqliteLedger.open(file, clock);
    const { reports, clients, whitelist, streams, paused, id } = await ledger.load();
    assert.deepEqual(
      [reports.length, reports.filter(({ isLifted }) => isLifted).length, clients.length, whitelist.length],
      [7, 1, 3, 2],
    );
    assert.deepEqual([streams.get('web1')?.get('stream-0'), paused, id], [4, true, '1f198ce038421ae4']);
    await ledger.close();
    assertKept(before, readContent(file));
  });

  it('is migrated step by step, and once', async () => {
    const file = newFile();
    makeVersionOne(file);
    const before = readContent(file);
    await prepare(file, [notes]);
    assert.equal(askSqlite(file, 'PRAGMA user_version'), '2');
    await prepare(file, [notes, filled]);
    await prepare(file, [notes, filled]);
    assert.equal(askSqlite(file, 'PRAGMA user_version', 'SELECT count(*) FROM note'), '3\n2');
    assertKept(before, readContent(file));
  });

  it('has its copies beside it, for its owner alone, named after version and day', async () => {
    const file = newFile();
    makeVersionOne(file);
    const before = readContent(file);
    await prepare(file, [notes]);
    await prepare(file, [notes, filled]);
    await prepare(file, [notes, filled]);
    assert.deepEqual(copiesOf(file), ['ledger.db.version-1.2026-01-31', 'ledger.db.version-2.2026-01-31']);
    const copy = `${file}.version-1.2026-01-31`;
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    assert.deepEqual(readContent(copy), before);
    assert.equal(askSqlite(copy, 'PRAGMA user_version', 'PRAGMA application_id'), `1\n${applicationId}`);
  });

  it('has in its copy also what stood only in the log beside the file', async () => {
    const file = newFile();
    makeVersionOne(file);
    const writer = await openDatabase(file);
    await writer.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
    await writer.exec("UPDATE client SET description = 'in the log' WHERE name = 'web1'");
    await prepare(file, [notes]);
    writer.close();
    const copy = `${file}.version-1.2026-01-31`;
    assert.equal(askSqlite(copy, "SELECT description FROM client WHERE name = 'web1'"), 'in the log');
  });

  it('stays as it was, and usable, when a migration fails; the next start tries that one again', async () => {
    const file = newFile();
    makeVersionOne(file);
    const before = readContent(file);
    await assert.rejects(prepare(file, [notes, failing]), (error) => {
      assert.match(describeError(error), /^the change to version 3 failed, and it stays at version 2: .*nothing/);
      return true;
    });
    assert.equal(askSqlite(file, 'PRAGMA user_version', '.tables %half%', 'SELECT count(*) FROM note'), '2\n0');
    assertKept(before, readContent(file));
    await prepare(file, [notes, filled]);
    assert.equal(askSqlite(file, 'PRAGMA user_version'), '3');
  });

  it('holds any content afterwards that it could hold before', async () => {
    const instant = fc.integer({ min: 0, max: 2 ** 48 });
    const name = fc.string({ minLength: 1, unit: 'grapheme' });
    const cells = fc.uniqueArray(fc.tuple(name, instant, fc.option(instant), name), {
      maxLength: 20,
      selector: ([key]) => key,
    });
    await fc.assert(
      fc.asyncProperty(cells, async (rows) => {
        const file = newFile();
        const database = await openDatabase(file);
        await database.exec(schema);
        const [report, entry, key, stream] = await Promise.all([
          database.prepare(
            "INSERT INTO history VALUES (?, ?, 'reported', ?, 'web1', ?, 'jail', ?, ?, NULL, NULL, ?, 1)",
          ),
          database.prepare('INSERT INTO whitelist VALUES (?, ?, ?, ?)'),
          database.prepare("INSERT INTO client_key VALUES (?, ?, 'frames', ?, ?)"),
          database.prepare('INSERT INTO stream VALUES (?, ?, ?, ?)'),
        ]);
        for (const [at, [network, since, end, text]] of rows.entries()) {
          report.run(at + 1, since, network, text, since, end, text);
          entry.run(network, since, end, text);
          key.run(network, text, text, end);
          stream.run(network, text, since, since);
        }
        database.close();
        const before = readContent(file);
        await prepare(file, migrations);
        assertKept(before, readContent(file));
      }),
      { numRuns: 20 },
    );
  });
});

describe('the migrations', () => {
  it('are numbered one after the other', () => {
    assert.deepEqual(
      migrations.map(({ version }) => version),
      migrations.map((_, at) => firstVersion + 1 + at),
    );
  });

  it('give an old ledger the tables of a new one', async () => {
    const [old, fresh] = [newFile(), newFile()];
    makeVersionOne(old);
    for (const file of [old, fresh]) await (await SqliteLedger.open(file, clock)).close();
    const form = (file: string) =>
      askSqlite(file, 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name', 'PRAGMA user_version');
    assert.equal(form(old), form(fresh));
    assert.deepEqual(copiesOf(fresh), []);
  });
});

describe('a ledger of a newer version', () => {
  const opens = (file: string, reason: RegExp): Promise<void> =>
    assert.rejects(
      SqliteLedger.open(file, clock),
      (error) =>
        error instanceof ConfigError &&
        error.problems[0]?.where === file &&
        error.problems[0].key === '[server] database' &&
        reason.test(error.problems[0].detail),
    );

  it('is refused with the release that it needs, and left as it was', async () => {
    const file = newFile();
    await (await SqliteLedger.open(file, clock)).close();
    askSqlite(file, "INSERT OR REPLACE INTO setting VALUES ('program', '7.1.0')", 'PRAGMA user_version = 70');
    const before = readFileSync(file);
    await opens(
      file,
      /^is of version 70: it needs fail2networkban 7\.1\.0 or newer; this one is .*, which reads up to version \d+$/,
    );
    assert.deepEqual(readFileSync(file), before);
  });

  it('is refused also when nothing says which release made it', async () => {
    const file = newFile();
    await (await SqliteLedger.open(file, clock)).close();
    askSqlite(file, 'DROP TABLE setting', 'PRAGMA user_version = 70');
    await opens(file, /^is of version 70: it needs the fail2networkban that made it or newer; this one is /);
  });
});
