import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Change, type Ledger, LedgerError } from '../../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../../server/ledger/sqlite-ledger.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { ledgerContract } from '../../contracts/ledger-contract.ts';
import { makeClient, makeReport } from '../samples.ts';
import { askSqlite } from './ask-sqlite.ts';
import { SmallDisk } from './small-disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'f2nb-ledger-'));
after(() => rmSync(folder, { recursive: true }));

let filesMade = 0;
function newFile(): string {
  filesMade += 1;
  return lastFile();
}

function lastFile(): string {
  return join(folder, `ledger-${filesMade}.db`);
}

ledgerContract(
  'a ledger in SQLite',
  () => SqliteLedger.open(newFile()),
  () => SqliteLedger.open(lastFile()),
);

const reported = (text: string): Change => ({ kind: 'reported', report: makeReport(text), replaces: undefined });

describe('the file of a ledger', () => {
  it('holds after a restart all that stood before', async () => {
    const file = newFile();
    const before = await SqliteLedger.open(file);
    await before.commit([reported('192.0.2.1'), { kind: 'enrolled', client: makeClient(), actor: 'operator' }], 1_000);
    await before.commit([{ kind: 'advanced', client: 'web1', stream: 'stream-1', number: 7, isNew: true }], 2_000);
    const [state, history] = [await before.load(), await before.history({ most: 10 })];
    await before.close();
    const ledger = await SqliteLedger.open(file);
    assert.deepEqual([await ledger.load(), await ledger.history({ most: 10 })], [state, history]);
    assert.equal(await ledger.commit([reported('192.0.2.2')], 3_000), 3);
    await ledger.close();
  });

  it('is for its owner alone, with what SQLite lays beside it', async () => {
    const file = newFile();
    const ledger = await SqliteLedger.open(file);
    await ledger.commit([reported('192.0.2.1')], 1_000);
    for (const path of [file, `${file}-wal`, `${file}-shm`]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
    await ledger.close();
  });

  it('is whole by itself once the ledger is closed', async () => {
    const [file, copy] = [newFile(), newFile()];
    const ledger = await SqliteLedger.open(file);
    await ledger.commit([reported('192.0.2.1')], 1_000);
    await ledger.close();
    copyFileSync(file, copy);
    assert.equal(askSqlite(copy, 'SELECT network FROM report'), '192.0.2.1');
  });

  it('can be read with sqlite3 while the ledger is in use, and written to without harm', async () => {
    const file = newFile();
    const ledger = await SqliteLedger.open(file);
    await ledger.commit([reported('192.0.2.1')], 1_000);
    assert.equal(askSqlite(file, 'SELECT network, client, jail FROM report'), '192.0.2.1|web1|sshd');
    askSqlite(file, "UPDATE client SET description = 'by hand'");
    await ledger.commit([reported('192.0.2.2')], 2_000);
    assert.equal(askSqlite(file, 'SELECT count(*) FROM report'), '2');
    await ledger.close();
  });

  it('survives kill -9 in the middle of commits: nothing acknowledged is lost, nothing is half there', async () => {
    const file = newFile();
    let acknowledged = 0;
    for (const commits of [1, 30, 75, 140]) {
      acknowledged = await killAfter(file, acknowledged + 1, commits);
      const ledger = await SqliteLedger.open(file);
      const { reports, streams, sequence, losses } = await ledger.load();
      const last = streams.get('web1')?.get('stream-1') ?? 0;
      assert.ok(last >= acknowledged, `${acknowledged} was acknowledged, ${last} is there`);
      const expected = Array.from({ length: last }, (_, at) => 1 + ((at + 1) % 40)).reduce((sum, count) => sum + count);
      assert.deepEqual([reports.length, sequence, losses], [expected, expected, []]);
      await ledger.close();
      acknowledged = last;
    }
  });
});

/** Lets a process commit until it has acknowledged so many, and kills it. @returns the last number acknowledged */
async function killAfter(file: string, first: number, commits: number): Promise<number> {
  const program = fileURLToPath(new URL('./committing-process.js', import.meta.url));
  const child = spawn(process.execPath, [program, file, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= first + commits - 1) child.kill('SIGKILL');
  }
  await closed;
  assert.equal(child.signalCode, 'SIGKILL');
  return last;
}

describe('a file that cannot be used is a ConfigError that names it', () => {
  const opens = (file: string, reason: RegExp): Promise<void> =>
    assert.rejects(
      SqliteLedger.open(file),
      (error) =>
        error instanceof ConfigError &&
        error.problems[0]?.where === file &&
        error.problems[0].key === '[server] database' &&
        reason.test(error.problems[0].detail),
    );

  it('when its folder is missing', () => opens(join(folder, 'missing', 'ledger.db'), /ENOENT/));

  it('when it is a folder', () => opens(folder, /EISDIR/));

  it('when it is not a database', async () => {
    const file = newFile();
    writeFileSync(file, 'not a database at all, but long enough to be looked at. '.repeat(50));
    const before = readFileSync(file);
    await opens(file, /not a database/);
    assert.deepEqual(readFileSync(file), before);
  });

  it("when it is another program's, which is left as it was", async () => {
    const file = newFile();
    askSqlite(file, 'CREATE TABLE report (text TEXT)', 'PRAGMA user_version = 1');
    const before = readFileSync(file);
    await opens(file, /belongs to another program/);
    assert.deepEqual(readFileSync(file), before);
  });

  it('when its tables are not those of this program', async () => {
    const file = newFile();
    await (await SqliteLedger.open(file)).close();
    askSqlite(file, 'ALTER TABLE history DROP COLUMN reason');
    await opens(file, /cannot be used/);
  });

  it('when a page of it is damaged', async () => {
    const file = newFile();
    const ledger = await SqliteLedger.open(file);
    await ledger.commit(
      Array.from({ length: 2_000 }, (_, at) => reported(`198.51.${at >> 8}.${at & 255}`)),
      1_000,
    );
    await ledger.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096, bytes.length);
    writeFileSync(file, bytes);
    await opens(file, /is damaged|malformed/);
  });

  it('when it is cut short', async () => {
    const file = newFile();
    await (await SqliteLedger.open(file)).close();
    truncateSync(file, 6_000);
    await opens(file, /is damaged|malformed/);
  });

  it('when its disk is read-only', async () => {
    const disk = new SmallDisk(join(folder, 'read-only'), 4_194_304);
    try {
      const [whole, file] = [newFile(), join(disk.path, 'ledger.db')];
      await (await SqliteLedger.open(whole)).close();
      copyFileSync(whole, file);
      disk.makeReadOnly();
      await opens(file, /EROFS/);
    } finally {
      disk.remove();
    }
  });
});

describe('a ledger that cannot write', () => {
  it('says so while the disk is full, writes nothing by half, and goes on when there is room', async () => {
    const disk = new SmallDisk(join(folder, 'full'), 1_048_576);
    try {
      await fillAndRelieve(disk);
    } finally {
      disk.remove();
    }
  });

  it('does not disguise a fault of ours as one of the disk', async () => {
    const ledger = await SqliteLedger.open(newFile());
    const wrong: Change[] = JSON.parse('[{"kind":"reported"}]');
    await assert.rejects(ledger.commit(wrong, 1_000), TypeError);
    assert.equal(await ledger.commit([reported('192.0.2.1')], 1_000), 1);
    await ledger.close();
  });

  it('refuses a row that somebody wrote by hand and that is no network', async () => {
    const file = newFile();
    const ledger = await SqliteLedger.open(file);
    await ledger.commit([reported('192.0.2.1')], 1_000);
    askSqlite(file, "UPDATE history SET network = '192.0.2.01'");
    await assert.rejects(ledger.load(), new LedgerError('network: 192.0.2.01 is not a canonical network'));
    await ledger.close();
  });
});

async function fillAndRelieve(disk: SmallDisk): Promise<void> {
  const ledger = await SqliteLedger.open(join(disk.path, 'ledger.db'));
  const ballast = join(disk.path, 'ballast');
  assert.equal(await ledger.commit([reported('192.0.2.1')], 1_000), 1);
  fillUp(ballast);
  const many = Array.from({ length: 500 }, (_, at) => reported(`198.51.${at >> 8}.${at & 255}`));
  await assert.rejects(ledger.commit(many, 2_000), LedgerError);
  await assert.rejects(ledger.commit(many, 2_000), LedgerError);
  assert.deepEqual(await counts(ledger), [1, 1, 1]);
  rmSync(ballast);
  assert.equal(await ledger.commit(many, 3_000), 2);
  assert.deepEqual(await counts(ledger), [501, 501, 501]);
  await ledger.close();
}

async function counts(ledger: Ledger): Promise<number[]> {
  const { reports, sequence } = await ledger.load();
  return [reports.length, sequence, (await ledger.history({ most: 1_000 })).length];
}

/** Writes until nothing more goes in. */
function fillUp(path: string): void {
  writeFileSync(path, '');
  chmodSync(path, 0o600);
  for (let bytes = 65_536; bytes >= 1_024; bytes /= 2) {
    while (appends(path, bytes));
  }
}

function appends(path: string, bytes: number): boolean {
  try {
    writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}

describe('history in a file', () => {
  it('is looked through without holding up a commit, and a stop cuts the looking short', async () => {
    const file = newFile();
    const empty = await SqliteLedger.open(file);
    await empty.close();
    askSqlite(
      file,
      `WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < 100000)
       INSERT INTO history SELECT n, n, 'reported', '203.0.' || (n / 250 % 250) || '.' || (n % 250), 'web1', 'sshd',
         'jail', n, NULL, NULL, NULL, NULL, 0, NULL FROM each`,
    );
    const ledger = await SqliteLedger.open(file);
    let looks = 0;
    const looking = Array.from({ length: 50 }, async () => {
      await ledger.counts({ by: 'network', most: 10 });
      looks += 1;
    });
    const ended = Promise.allSettled(looking);
    await ledger.commit([reported('192.0.2.1')], 200_000);
    assert.ok(looks < looking.length, 'the commit came before the last look');
    await ledger.close();
    const outcomes = await ended;
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    assert.ok(failures.length > 0);
    assert.ok(failures.every((reason) => reason instanceof LedgerError));
  });
});
