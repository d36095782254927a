import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readLog } from '../../../server/doctor/facts/read-log-readers.ts';
import { judgeLogReaders } from '../../../server/doctor/judge/judge-log-readers.ts';
import type { Change } from '../../../server/ledger/ledger.ts';
import { lockLedger } from '../../../server/ledger/ledger-lock.ts';
import { SqliteLedger } from '../../../server/ledger/sqlite-ledger.ts';
import { makeReport } from '../samples.ts';
import { ReaderProcess } from './reader-process.ts';

const mebibyte = 1_048_576;

/** A ledger in a folder of its own, with a writer that makes its log grow. */
class LedgerUnderTest {
  readonly folder = mkdtempSync(join(tmpdir(), 'f2nb-log-'));
  readonly file = join(this.folder, 'ledger.db');
  #next = 1;

  logBytes(): number {
    return statSync(`${this.file}-wal`).size;
  }

  /** About 1 MiB of log each. */
  async write(ledger: SqliteLedger, commits: number): Promise<void> {
    for (let commit = 0; commit < commits; commit += 1) {
      const changes = Array.from({ length: 500 }, (): Change => {
        const text = `2001:db8:${(this.#next >> 16).toString(16)}:${(this.#next & 0xffff).toString(16)}::1`;
        this.#next += 1;
        return { kind: 'reported', report: makeReport(text, { jail: 'j'.repeat(2_000) }), replaces: undefined };
      });
      await ledger.commit(changes, this.#next);
    }
  }

  async use(test: (ledger: SqliteLedger) => Promise<void>): Promise<void> {
    const unlock = await lockLedger(this.file);
    const ledger = await SqliteLedger.open(this.file);
    try {
      await test(ledger);
    } finally {
      await ledger.close();
      unlock();
      rmSync(this.folder, { recursive: true });
    }
  }
}

describe('the log beside the ledger', () => {
  it('stays small while nobody else reads, and doctor is silent', async () => {
    const place = new LedgerUnderTest();
    await place.use(async (ledger) => {
      await place.write(ledger, 20);
      assert.ok(place.logBytes() < 6 * mebibyte, `${place.logBytes()} bytes`);
      assert.deepEqual(judgeLogReaders(await readLog(place.file)), []);
    });
  });

  it('grows while another program reads, which doctor names, and shrinks when that has ended', async () => {
    const place = new LedgerUnderTest();
    await place.use(async (ledger) => {
      await place.write(ledger, 1);
      const reader = await ReaderProcess.start(place.file);
      await place.write(ledger, 12);
      const grown = place.logBytes();
      assert.ok(grown > 8 * mebibyte, `${grown} bytes`);
      const [finding] = judgeLogReaders(await readLog(place.file));
      assert.equal(finding?.code, 'ledger-read-for-long');
      assert.match(
        finding.fact,
        new RegExp(`-wal has \\d+ MiB.*: sqlite3 \\(process ${reader.pid}, running for \\d+s\\)$`),
      );
      assert.match(finding.command ?? '', new RegExp(`^ps -fp ${reader.pid};`));
      await reader.end();
      await ledger.prune(0, 1_000_000);
      await place.write(ledger, 2);
      assert.ok(place.logBytes() < 6 * mebibyte, `${place.logBytes()} bytes`);
      assert.deepEqual(judgeLogReaders(await readLog(place.file)), []);
    });
  });

  it('is no matter of the doctor as long as it is small, whoever reads', async () => {
    const place = new LedgerUnderTest();
    await place.use(async (ledger) => {
      await place.write(ledger, 1);
      const reader = await ReaderProcess.start(place.file);
      const facts = await readLog(place.file);
      assert.deepEqual([facts.readers.map(({ pid }) => pid), judgeLogReaders(facts)], [[reader.pid], []]);
      await reader.end();
    });
  });
});

describe('a reader that is not seen from here', () => {
  it('is told of all the same', () => {
    const readers = [{ pid: undefined, program: 'a program that is not seen from here', runsForSeconds: undefined }];
    const [finding] = judgeLogReaders({ file: '/x/ledger.db-wal', bytes: 9 * mebibyte, readers });
    assert.match(finding?.fact ?? '', /has 9 MiB, .*: a program that is not seen from here$/);
    assert.equal(finding?.command, 'lsof /x/ledger.db-wal');
  });

  it('matters not when there is no log', async () => {
    assert.deepEqual(judgeLogReaders(await readLog('/nowhere/ledger.db')), []);
  });
});
