import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { backupLedger } from '../../../../server/ledger/backup/backup-ledger.ts';
import { restoreLedger } from '../../../../server/ledger/backup/restore-ledger.ts';
import type { Change, LedgerState } from '../../../../server/ledger/ledger.ts';
import { lockLedger } from '../../../../server/ledger/ledger-lock.ts';
import { SqliteLedger } from '../../../../server/ledger/sqlite-ledger.ts';
import { ConfigError } from '../../../../shared/errors.ts';
import { makeClient, makeEntry, makeReport } from '../../samples.ts';
import { askSqlite } from '../ask-sqlite.ts';
import { makeVersionOne } from '../migrations/version-one.ts';

const folder = mkdtempSync(join(tmpdir(), 'f2nb-backup-'));
after(() => rmSync(folder, { recursive: true }));

/** A path in a folder of its own, as of another host. */
const newFile = (): string => join(mkdtempSync(join(folder, 'host-')), 'ledger.db');
const stamp = '2026-01-31T12-00-00-000Z';

const reported = (text: string): Change => ({ kind: 'reported', report: makeReport(text), replaces: undefined });
const all: readonly Change[] = [
  reported('192.0.2.1'),
  reported('2001:db8::/64'),
  { kind: 'enrolled', client: makeClient(), actor: 'operator' },
  { kind: 'allowed', entry: makeEntry('198.51.100.1', { note: 'Büro' }), actor: 'operator' },
  { kind: 'advanced', client: 'web1', stream: 'stream-1', number: 7, isNew: true },
];

async function withLedger<T>(file: string, use: (ledger: SqliteLedger) => Promise<T>): Promise<T> {
  const ledger = await SqliteLedger.open(file);
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}

const load = (file: string): Promise<LedgerState> => withLedger(file, (ledger) => ledger.load());
const isConfigError = (detail: RegExp) => (error: unknown) =>
  error instanceof ConfigError && detail.test(error.problems[0]?.detail ?? '');

describe('a backup', () => {
  it('holds, while the ledger is open, all that was committed, with keys, for its owner alone', async () => {
    const [file, copy] = [newFile(), newFile()];
    await withLedger(file, async (ledger) => {
      await ledger.commit(all, 1_000);
      const { id, decided } = await ledger.load();
      assert.deepEqual(await backupLedger(file, copy), { ledger: id, decided, reports: 2, clients: 1, at: 1_000 });
      assert.equal(statSync(copy).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(dirname(copy)), ['ledger.db']);
      assert.deepEqual(await load(copy), await ledger.load());
    });
  });

  it('is of one instant, however many bans come meanwhile', async () => {
    const file = newFile();
    await withLedger(file, async (ledger) => {
      let commits = 0;
      let isDone = false;
      const banning = async (): Promise<void> => {
        for (; !isDone; commits += 1) {
          const changes = [1, 2, 3].map((part) => reported(`203.${commits >> 8}.${commits & 255}.${part}`));
          const number = commits + 1;
          const advanced: Change = { kind: 'advanced', client: 'web1', stream: 's', number, isNew: commits === 0 };
          await ledger.commit([...changes, advanced], 1_000 + commits);
        }
      };
      const banned = banning();
      for (let round = 0; round < 5; round += 1) {
        const copy = newFile();
        const before = commits;
        await backupLedger(file, copy);
        const { reports, streams, losses } = await load(copy);
        const applied = streams.get('web1')?.get('s') ?? 0;
        assert.deepEqual([reports.length, losses], [applied * 3, []]);
        assert.ok(applied >= before, `${applied} of ${before}`);
      }
      isDone = true;
      await banned;
    });
  });

  it('takes the place of no file, and leaves nothing when it fails', async () => {
    const file = newFile();
    await withLedger(file, (ledger) => ledger.commit(all, 1_000));
    const target = newFile();
    writeFileSync(target, 'mine');
    await assert.rejects(backupLedger(file, target), { code: 'EEXIST' });
    assert.equal(readFileSync(target, 'utf8'), 'mine');
    askSqlite(file, "UPDATE history SET network = '192.0.2.9' WHERE sequence = 1");
    const other = newFile();
    await assert.rejects(backupLedger(file, other), isConfigError(/is damaged: the ban of 192\.0\.2\.9 by web1/));
    assert.deepEqual(readdirSync(dirname(other)), []);
  });
});

describe('a restored ledger', () => {
  it('starts elsewhere with the same bans, keys and whitelist, and with the same id', async () => {
    const [file, copy, elsewhere] = [newFile(), newFile(), newFile()];
    await withLedger(file, (ledger) => ledger.commit(all, 1_000));
    await backupLedger(file, copy);
    const restored = await restoreLedger({ copy, file: elsewhere, stamp });
    const { id, decided } = await load(file);
    assert.deepEqual(restored, { ledger: id, decided, reports: 2, clients: 1, at: 1_000, kept: undefined });
    assert.equal(statSync(elsewhere).mode & 0o777, 0o600);
    assert.deepEqual(await load(elsewhere), await load(file));
    assert.ok(existsSync(copy));
  });

  it('is kept beside the one that takes its place, and what came after the copy is told as lost', async () => {
    const [file, copy] = [newFile(), newFile()];
    await withLedger(file, (ledger) => ledger.commit(all, 1_000));
    await backupLedger(file, copy);
    const later = await withLedger(file, async (ledger) => {
      await ledger.commit([reported('192.0.2.2')], 2_000);
      return await ledger.load();
    });
    const { kept } = await restoreLedger({ copy, file, stamp });
    assert.equal(kept, `${file}.replaced.${stamp}`);
    const { reports, losses } = await load(file);
    assert.equal(reports.length, 2);
    assert.deepEqual(
      losses.map(({ text }) => /^lost: change 5, from 1970-01-01 00:00:01 UTC to 1970-01-01 00:00:02 UTC/.test(text)),
      [true],
    );
    assert.deepEqual((await load(kept)).reports, later.reports);
  });

  it('may be of an older version, which the next start migrates', async () => {
    const [copy, file] = [newFile(), newFile()];
    makeVersionOne(copy);
    await restoreLedger({ copy, file, stamp });
    assert.equal((await load(file)).reports.length, 7);
  });

  it('takes the place of one that is damaged', async () => {
    const [file, copy, broken] = [newFile(), newFile(), newFile()];
    await withLedger(file, (ledger) => ledger.commit(all, 1_000));
    await backupLedger(file, copy);
    writeFileSync(broken, 'no database at all, and long enough to be looked at. '.repeat(99));
    const { kept } = await restoreLedger({ copy, file: broken, stamp });
    assert.match(readFileSync(kept ?? '', 'utf8'), /^no database at all/);
    assert.equal((await load(broken)).reports.length, 2);
  });

  for (const call of ['rename', 'link', 'unlink'])
    it(`or the one before stands at every moment, killed at whichever ${call}`, async () => {
      for (let step = 1, isDone = false; !isDone; step += 1) {
        const [file, copy] = [newFile(), newFile()];
        await withLedger(file, (ledger) => ledger.commit(all, 1_000));
        await backupLedger(file, copy);
        await withLedger(file, (ledger) => ledger.commit([reported('192.0.2.2')], 2_000));
        isDone = restoreKilledAt(call, step, { copy, file });
        const reports = (await load(file)).reports.length;
        assert.ok(reports === 2 || (reports === 3 && !isDone), `${reports} reports after a kill at ${call} ${step}`);
        assert.ok(step < 30, 'it never comes to its end');
      }
    });

  it('is refused while a server runs on the ledger, which goes on', async () => {
    const [file, copy] = [newFile(), newFile()];
    const unlock = await lockLedger(file);
    await withLedger(file, async (ledger) => {
      await ledger.commit(all, 1_000);
      await backupLedger(file, copy);
      await assert.rejects(restoreLedger({ copy, file, stamp }), isConfigError(/another server uses it/));
      await ledger.commit([reported('192.0.2.2')], 2_000);
    });
    unlock();
    assert.equal((await load(file)).reports.length, 3);
  });

  const wrong: readonly (readonly [what: string, spoil: (copy: string) => void, says: RegExp])[] = [
    ['of a newer version', (copy) => askSqlite(copy, 'PRAGMA user_version = 70'), /is of version 70: it needs /],
    ["another program's", (copy) => askSqlite(copy, 'PRAGMA application_id = 7'), /belongs to another program/],
    ['empty', (copy) => writeFileSync(copy, ''), /is empty/],
    [
      'of changed bans',
      (copy) => askSqlite(copy, 'UPDATE history SET ends_at = 9'),
      /is damaged: the ban of 192\.0\.2\.1/,
    ],
    [
      'without a ban that stood',
      (copy) => askSqlite(copy, 'DELETE FROM history WHERE sequence = 1'),
      /is damaged: not there: 1 ban/,
    ],
  ];
  for (const [what, spoil, says] of wrong) {
    it(`is not made of a copy that is ${what}: what is there stays`, async () => {
      const [file, copy] = [newFile(), newFile()];
      await withLedger(file, (ledger) => ledger.commit(all, 1_000));
      await backupLedger(file, copy);
      spoil(copy);
      // SQLite's own empty files go when the library's last statement is collected, at any time.
      const kept = (): string[] => readdirSync(dirname(file)).filter((name) => !/-(?:wal|shm)$/.test(name));
      const before = [readFileSync(file), kept()];
      await assert.rejects(restoreLedger({ copy, file, stamp }), isConfigError(says));
      rmSync(`${file}.lock`);
      assert.deepEqual([readFileSync(file), kept()], before);
    });
  }
});

interface Place {
  readonly copy: string;
  readonly file: string;
}

/** Restores in a process that is killed at such a system call. @returns whether it came to its end before */
function restoreKilledAt(call: string, step: number, { copy, file }: Place): boolean {
  const kill = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:signal=SIGKILL:when=${step}`,
  ];
  const module = new URL('../../../../server/ledger/backup/restore-ledger.js', import.meta.url).href;
  const script = `const { restoreLedger } = await import(${JSON.stringify(module)});
    await restoreLedger(${JSON.stringify({ copy, file, stamp })});`;
  const { error, status, signal } = spawnSync('strace', [
    ...kill,
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ]);
  if (error !== undefined) throw error;
  assert.ok(status === 0 || signal === 'SIGKILL', `strace ended with ${status ?? signal}`);
  return status === 0;
}
