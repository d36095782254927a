import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Change, LedgerState } from '../../../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../../../server/ledger/sqlite-ledger.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { makeClient, makeEntry, makeReport, network } from '../../samples.ts';
import { askSqlite } from '../ask-sqlite.ts';
import { makeVersionOne } from '../migrations/version-one.ts';

const folder = mkdtempSync(join(tmpdir(), 'f2nb-damage-'));
after(() => rmSync(folder, { recursive: true }));

const clock = new ManualClock(Date.UTC(2026, 0, 31, 12));
const noon = clock.now();
let filesMade = 0;

const reported = (text: string): Change => ({ kind: 'reported', report: makeReport(text), replaces: undefined });
const end = Number.POSITIVE_INFINITY;

/** Three bans, two whitelist entries, a host and a token, in a file of its own. */
async function makeFile(): Promise<string> {
  filesMade += 1;
  const file = join(mkdtempSync(join(folder, `${filesMade}-`)), 'ledger.db');
  const ledger = await SqliteLedger.open(file, clock);
  const portal = makeClient({
    name: 'portal',
    keys: [{ kind: 'http', id: 'http-001', tokenHash: 'ab'.repeat(32), endsAt: end }],
  });
  await ledger.commit(
    [
      ...['192.0.2.1', '192.0.2.2', '2001:db8::3'].map(reported),
      { kind: 'enrolled', client: makeClient(), actor: 'operator' },
      { kind: 'enrolled', client: portal, actor: 'operator' },
      { kind: 'allowed', entry: makeEntry('198.51.100.1'), actor: 'operator' },
      { kind: 'allowed', entry: makeEntry('198.51.100.2', { note: 'Büro' }), actor: 'operator' },
      { kind: 'advanced', client: 'web1', stream: 'stream-1', number: 7, isNew: true },
    ],
    noon,
  );
  await ledger.close();
  return file;
}

/** What a start makes of it. */
async function start(file: string): Promise<LedgerState> {
  const ledger = await SqliteLedger.open(file, clock);
  try {
    return await ledger.load();
  } finally {
    await ledger.close();
  }
}

const networks = ({ reports }: LedgerState) => reports.map(({ network }) => network);
const holdsBack = ({ losses }: LedgerState) => losses.some((loss) => loss.holdsBack);
const texts = ({ losses }: LedgerState) => losses.map(({ text }) => text);

/** What may lie where a file is expected. */
const noFiles: readonly (readonly [what: string, put: (path: string) => void])[] = [
  ['a folder', (path) => mkdirSync(path)],
  ['a pipe', (path) => void execFileSync('mkfifo', [path])],
  ['a link to nowhere that can be made', (path) => symlinkSync('/nonexistent/folder/file', path)],
];

describe('a ledger that is whole', () => {
  it('starts without a word, again and again, also after it was migrated', async () => {
    const file = await makeFile();
    for (let starts = 0; starts < 3; starts += 1) assert.deepEqual(texts(await start(file)), []);
    const old = join(mkdtempSync(join(folder, 'old-')), 'ledger.db');
    makeVersionOne(old);
    for (let starts = 0; starts < 3; starts += 1) assert.deepEqual(texts(await start(old)), []);
    assert.equal((await start(old)).reports.length, 7);
  });

  it('may have notes and descriptions mended by hand', async () => {
    const file = await makeFile();
    askSqlite(file, "UPDATE whitelist SET note = 'mine'", "UPDATE client SET description = 'rack 7'");
    const state = await start(file);
    assert.deepEqual([texts(state), state.whitelist.map(({ note }) => note)], [[], ['mine', 'mine']]);
  });

  it('has a note of its last commit beside it for its owner alone, and does without', async () => {
    const file = await makeFile();
    assert.equal(statSync(`${file}.last-commit`).mode & 0o777, 0o600);
    rmSync(`${file}.last-commit`);
    assert.deepEqual(texts(await start(file)), []);
    assert.ok(existsSync(`${file}.last-commit`));
  });

  for (const [what, put] of noFiles) {
    it(`starts with ${what} where its note should be, says it once, and keeps what it holds`, async () => {
      const file = await makeFile();
      rmSync(`${file}.last-commit`);
      put(`${file}.last-commit`);
      for (let starts = 0; starts < 2; starts += 1) {
        const state = await start(file);
        assert.equal(texts(state).length, 1);
        assert.match(
          texts(state)[0] ?? '',
          /\.last-commit cannot be used \(.+\), so a loss of commits would go unnoticed$/,
        );
        assert.equal(state.reports.length, (await start(await makeFile())).reports.length);
      }
    });
  }
});

describe('a row that was changed', () => {
  const first = 'change 1 of 2026-01-31 12:00:00 UTC: is not as it was written';
  /** What is done to the file, what is said of it, and what is left of bans, whitelist, clients, keys and streams. */
  const cases: readonly (readonly [does: string, says: RegExp, left: readonly number[]])[] = [
    [
      "UPDATE history SET network = '192.0.2.7' WHERE sequence = 1",
      new RegExp(`^the ban of 192\\.0\\.2\\.7 by web1 in jail sshd, ${first}$`),
      [2, 2, 2, 2, 1],
    ],
    [
      "UPDATE history SET network = '192.0.2.01' WHERE sequence = 1",
      /^the ban of 192\.0\.2\.01 by web1/,
      [2, 2, 2, 2, 1],
    ],
    [
      "UPDATE history SET network = CAST(x'3139b22e302e322e31' AS TEXT) WHERE sequence = 1",
      /^the ban of 19\ufffd/,
      [2, 2, 2, 2, 1],
    ],
    ["UPDATE history SET client = 'web2' WHERE sequence = 1", /^the ban of 192\.0\.2\.1 by web2/, [2, 2, 2, 2, 1]],
    ['UPDATE history SET ends_at = 5 WHERE sequence = 1', new RegExp(first), [2, 2, 2, 2, 1]],
    ["UPDATE history SET kind = 'withdrawn' WHERE sequence = 1", new RegExp(first), [2, 2, 2, 2, 1]],
    ['UPDATE history SET digest = digest + 1 WHERE sequence = 1', new RegExp(first), [2, 2, 2, 2, 1]],
    [
      "UPDATE whitelist SET network = '198.51.100.3' WHERE network = '198.51.100.1'",
      /^the whitelist entry 198\.51\.100\.3: is not/,
      [3, 1, 2, 2, 1],
    ],
    [
      "UPDATE whitelist SET ends_at = 5 WHERE network = '198.51.100.1'",
      /^the whitelist entry 198\.51\.100\.1: is not/,
      [3, 1, 2, 2, 1],
    ],
    ["UPDATE client SET may = 'ban,unban,operate' WHERE name = 'web1'", /^the client web1: is not/, [3, 2, 1, 1, 1]],
    [
      "UPDATE client_key SET secret = replace(secret, 'B', 'C') WHERE client = 'web1'",
      /^the key key-0001 of the client web1: is not/,
      [3, 2, 2, 1, 1],
    ],
    ['UPDATE stream SET number = 70', /^how far the events of the client web1 were taken: is not/, [3, 2, 2, 2, 0]],
    [
      "INSERT INTO history SELECT 99, at, kind, '192.0.2.9', client, jail, source, reported_at, ends_at, labels, actor, reason, 1, NULL FROM history WHERE sequence = 1",
      /^the ban of 192\.0\.2\.9 by web1 in jail sshd, change 99 /,
      [3, 2, 2, 2, 1],
    ],
  ];
  for (const [does, says, left] of cases) {
    it(`is named once, and does not stand: ${does.slice(0, 90)}`, async () => {
      const file = await makeFile();
      askSqlite(file, does);
      const state = await start(file);
      assert.match(texts(state)[0] ?? '', says);
      assert.equal(holdsBack(state), /^the (?:whitelist entry|client)/.test(texts(state)[0] ?? ''));
      const { reports, whitelist, clients, streams } = state;
      const keys = clients.flatMap((client) => client.keys);
      assert.deepEqual([reports.length, whitelist.length, clients.length, keys.length, streams.size], left);
      assert.deepEqual(await start(file), state);
      assert.equal(
        state.losses.every(({ foundAt }) => foundAt === noon),
        true,
      );
      assert.deepEqual(
        readdirSync(join(file, '..')).filter((name) => name.includes('damaged')),
        ['ledger.db.damaged.2026-01-31'],
      );
    });
  }

  it('makes bans wait when it is where a host was, or what a host offers', async () => {
    for (const does of ["UPDATE host_address SET address = '192.0.2.8'", 'DELETE FROM protected']) {
      const file = await makeFile();
      const ledger = await SqliteLedger.open(file, clock);
      const address = network('203.0.113.7');
      const known = [{ address, keyId: 'key-0001', seenAt: noon }];
      const changes: readonly Change[] = [
        { kind: 'host-addresses', client: 'web1', addresses: known },
        { kind: 'source-read', source: 'host/web1/ignoreip', networks: [address] },
      ];
      await ledger.commit(changes, noon);
      await ledger.close();
      askSqlite(file, does);
      assert.equal(holdsBack(await start(file)), true, does);
    }
  });

  it('never has its secret in what is said', async () => {
    const file = await makeFile();
    askSqlite(file, "UPDATE client_key SET secret = 'SECRET' || secret");
    assert.doesNotMatch(texts(await start(file)).join('\n'), /SECRET/);
  });
});

describe('a row that is gone', () => {
  const cases: readonly (readonly [does: string, says: string])[] = [
    [
      'DELETE FROM history WHERE sequence = 1',
      'not there: 1 ban that stood, since the commit of 2026-01-31 12:00:00 UTC',
    ],
    [
      'UPDATE history SET stands = 0 WHERE sequence < 3',
      'not there: 2 bans that stood, since the commit of 2026-01-31 12:00:00 UTC',
    ],
    [
      "DELETE FROM whitelist WHERE network = '198.51.100.1'",
      'whitelist, clients, keys or the pause are not all that was written, since the commit of 2026-01-31 12:00:00 UTC',
    ],
    [
      'DELETE FROM client_key',
      'whitelist, clients, keys or the pause are not all that was written, since the commit of 2026-01-31 12:00:00 UTC',
    ],
    [
      'DELETE FROM history WHERE sequence > 3',
      'not in history: changes 4 to 7, since the commit of 2026-01-31 12:00:00 UTC',
    ],
    [
      "UPDATE setting SET value = 'yes' WHERE name = 'paused'",
      'whitelist, clients, keys or the pause are not all that was written, since the commit of 2026-01-31 12:00:00 UTC',
    ],
    [
      'UPDATE seal SET sequence = 70',
      'the seal of the last commit is damaged: whether anything else is lost cannot be told',
    ],
    ['DELETE FROM seal', 'the seal of the last commit is damaged: whether anything else is lost cannot be told'],
  ];
  for (const [does, says] of cases) {
    it(`is noticed: ${does}`, async () => {
      const file = await makeFile();
      askSqlite(file, does);
      const state = await start(file);
      assert.deepEqual(texts(state), [says]);
      assert.equal(holdsBack(state), /^whitelist|^the seal/.test(says));
      assert.deepEqual(await start(file), state);
    });
  }
});

describe('commits that are gone', () => {
  /** One more ban, an hour later. @returns the file as it was before */
  async function banLater(file: string): Promise<string> {
    const before = `${file}.before`;
    copyFileSync(file, before);
    const ledger = await SqliteLedger.open(file, clock);
    await ledger.commit([reported('192.0.2.4')], noon + 3_600_000);
    await ledger.close();
    return before;
  }

  it('are told with their time when an older copy was put in place, and their numbers are not given again', async () => {
    const file = await makeFile();
    copyFileSync(await banLater(file), file);
    const state = await start(file);
    assert.deepEqual(texts(state), [
      'lost: change 8, from 2026-01-31 12:00:00 UTC to 2026-01-31 13:00:00 UTC; the ledger is older than its last commit (an older copy, or a lost ledger.db-wal)',
    ]);
    assert.equal(holdsBack(state), true);
    assert.deepEqual(networks(state), ['192.0.2.1', '192.0.2.2', '2001:db8::3']);
    const ledger = await SqliteLedger.open(file, clock);
    assert.equal(await ledger.commit([reported('192.0.2.5')], noon), 9);
    await ledger.close();
    assert.equal((await start(file)).losses.length, 1);
  });

  it('are told when the log beside the ledger was lost', async () => {
    const file = await makeFile();
    const ledger = await SqliteLedger.open(file, clock);
    await ledger.commit([reported('192.0.2.4')], noon + 60_000);
    const cut = join(mkdtempSync(join(folder, 'cut-')), 'ledger.db');
    copyFileSync(file, cut);
    copyFileSync(`${file}.last-commit`, `${cut}.last-commit`);
    await ledger.close();
    assert.match(texts(await start(cut)).join(), /^lost: change 8, from .* to 2026-01-31 12:01:00 UTC;/);
  });

  it('are told when the copy went its own way', async () => {
    const file = await makeFile();
    const before = await banLater(file);
    rmSync(`${before}.last-commit`, { force: true });
    const other = await SqliteLedger.open(before, clock);
    await other.commit([reported('192.0.2.5')], noon + 3_600_000);
    await other.close();
    copyFileSync(before, file);
    assert.match(
      texts(await start(file)).join(),
      /^the last commit, of 2026-01-31 13:00:00 UTC, is not the one that was made/,
    );
  });

  it('are told when the ledger itself is gone or another', async () => {
    const file = await makeFile();
    rmSync(file);
    const { losses, reports } = await start(file);
    const text =
      'another ledger was here until 2026-01-31 12:00:00 UTC, with 7 changes: its bans, whitelist and hosts are not in this one';
    assert.deepEqual([losses, reports], [[{ foundAt: noon, about: 'record', text, holdsBack: true }], []]);
  });

  it('are said until the operator accepts it', async () => {
    const file = await makeFile();
    askSqlite(file, 'DELETE FROM history WHERE sequence = 1');
    const ledger = await SqliteLedger.open(file, clock);
    assert.equal((await ledger.load()).losses.length, 1);
    await ledger.acceptLosses();
    assert.deepEqual((await ledger.load()).losses, []);
    await ledger.close();
    assert.deepEqual(texts(await start(file)), []);
  });
});
