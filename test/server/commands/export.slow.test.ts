import assert from 'node:assert/strict';
import { chown, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exportCounts } from '../../../server/commands/export.ts';
import { SqliteLedger } from '../../../server/ledger/sqlite-ledger.ts';
import { assertRoot } from '../../end-to-end/assert-root.ts';
import { runCommand } from '../../end-to-end/program.ts';
import { RunningProcess } from '../../end-to-end/running-process.ts';
import { type Ending, lastFirst, makeFolder } from '../../ending.ts';
import { makeReport } from '../samples.ts';

const dayMs = 86_400_000;
const newYear = Date.UTC(2026, 0, 1);

interface Written {
  readonly network: string;
  readonly jail?: string;
  readonly at: number;
}

/** A ledger with these bans in its history, and the configuration that names it. */
async function makeLedger(test: Ending, bans: readonly Written[]) {
  const folder = await makeFolder(test);
  const file = join(folder, 'ledger.db');
  const ledger = await SqliteLedger.open(file);
  for (const { network, jail = 'sshd', at } of bans) {
    const report = makeReport(network, { jail, reportedAt: at });
    await ledger.commit([{ kind: 'reported', report, replaces: undefined }], at);
  }
  const config = join(folder, 'server.ini');
  await writeFile(config, `[server]\ndatabase = ${file}\nsocket = ${folder}/admin.sock\n`);
  return { ledger, file, folder, config };
}

/** What the command prints, and what it remarks beside that. */
async function run(config: string, words: object): Promise<{ readonly text: string; readonly remarks: string[] }> {
  const pieces: string[] = [];
  const remarks: string[] = [];
  const host = {
    configFile: config,
    credentialsFolder: undefined,
    write: (text: string) => Promise.resolve(pieces.push(text) > 0),
    remark: (text: string) => void remarks.push(text),
  };
  await exportCounts(host, { format: 'csv', ...words });
  return { text: pieces.join(''), remarks };
}

const bans = [
  { network: '203.0.113.9', at: newYear - 1 },
  { network: '203.0.113.7', at: newYear },
  { network: '203.0.113.8', at: newYear + 1 },
  { network: '203.0.113.8', jail: 'nginx-http', at: newYear + dayMs - 1 },
  { network: '2001:db8::/64', jail: 'nginx-http', at: newYear + dayMs },
  { network: '203.0.113.9', at: Date.UTC(2027, 0, 1) },
];

describe('export', () => {
  const cases: readonly (readonly [words: object, expected: readonly string[]])[] = [
    [{}, ['203.0.113.8,2', '203.0.113.9,2', '2001:db8::/64,1', '203.0.113.7,1']],
    [{ year: '2026' }, ['203.0.113.8,2', '2001:db8::/64,1', '203.0.113.7,1']],
    [{ since: '2026-01-02' }, ['2001:db8::/64,1', '203.0.113.9,1']],
    [{ until: '2026-01-01' }, ['203.0.113.8,2', '203.0.113.7,1', '203.0.113.9,1']],
    [{ since: '2026-01-01', until: '2026-01-01' }, ['203.0.113.8,2', '203.0.113.7,1']],
    [{ jail: 'nginx-*' }, ['2001:db8::/64,1', '203.0.113.8,1']],
    [{ year: '2025', jail: 'nginx-*' }, []],
  ];
  it('counts the new bans of each network within days of UTC, most first, beside a server that has the file open', async (t) => {
    const { ledger, config } = await makeLedger(lastFirst(t), bans);
    for (const [words, expected] of cases) {
      const { text } = await run(config, words);
      assert.deepEqual(text.split('\n').slice(0, -1), ['network,count', ...expected], JSON.stringify(words));
    }
    await ledger.close();
    const { text } = await run(config, { year: '2026', format: 'txt' });
    assert.equal(text, '203.0.113.8 2\n2001:db8::/64 1\n203.0.113.7 1\n');
    const { text: json } = await run(config, { year: '2027', format: 'json' });
    assert.deepEqual(JSON.parse(json), {
      since: Date.UTC(2027, 0, 1),
      until: Date.UTC(2028, 0, 1),
      jail: null,
      networks: [{ network: '203.0.113.9', count: 1 }],
    });
  });

  it('says when history does not go back so far', async (t) => {
    const { ledger, config } = await makeLedger(lastFirst(t), bans);
    const [report] = (await ledger.load()).reports;
    assert.ok(report !== undefined);
    await ledger.commit([{ kind: 'withdrawn', report, reason: 'unban', actor: 'web1' }], Date.UTC(2027, 1, 1));
    await ledger.close();
    assert.match(
      (await run(config, { year: '2025' })).remarks.join(),
      /history goes back to 2025-12-31 23:59:59 UTC only/,
    );
    assert.deepEqual((await run(config, { year: '2026' })).remarks, []);
    assert.deepEqual((await run(config, {})).remarks, []);
  });

  it('refuses what is no year, day, pattern or format, and a file that is not there', async (t) => {
    const { ledger, config, folder } = await makeLedger(lastFirst(t), []);
    await ledger.close();
    const wrong: readonly (readonly [words: object, message: RegExp])[] = [
      [{ year: '26' }, /--year: "26"/],
      [{ year: '2026', since: '2026-01-01' }, /--year/],
      [{ since: '2026-02-30' }, /--since: "2026-02-30"/],
      [{ until: 'yesterday' }, /--until/],
      [{ since: '2026-01-02', until: '2026-01-01' }, /--until: "2026-01-01"/],
      [{ jail: 'x[a-z]' }, /--jail/],
      [{ format: 'xml' }, /--format/],
    ];
    for (const [words, message] of wrong) await assert.rejects(run(config, words), { code: 'usage', message });
    await writeFile(config, `[server]\ndatabase = ${folder}/none.db\nsocket = ${folder}/admin.sock\n`);
    await assert.rejects(run(config, {}), /none\.db/);
    assert.equal((await readdir(folder)).includes('none.db'), false);
    await writeFile(config, `[server]\ndatabase = ${config}\nsocket = ${folder}/admin.sock\n`);
    await assert.rejects(run(config, {}), /\[server\] database/);
  });

  it('prints a hundred thousand networks as they come, and ends quietly when nobody reads on', async (t) => {
    const ending = lastFirst(t);
    const { ledger, config } = await makeLedger(ending, []);
    const reports = Array.from({ length: 100_000 }, (_, index) =>
      makeReport(`11.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}`),
    );
    await ledger.commit(
      reports.map((report) => ({ kind: 'reported', report, replaces: undefined })),
      newYear,
    );
    const finished = await runCommand('server', ['export', '--year', '2026', '--config', config]);
    assert.deepEqual([finished.code, finished.stderr], [0, '']);
    assert.equal(finished.stdout.split('\n').length, 100_002);
    const command = `"$0" "$@" | head -n 2; echo "code \${PIPESTATUS[0]}"`;
    const main = new URL('../../../server/main.js', import.meta.url).pathname;
    const shell = new RunningProcess('bash', ['-c', command, process.execPath, main, 'export', '--config', config]);
    await shell.ended;
    assert.match(shell.output, /^network,count\n11\.0\.0\.0,1\ncode 0\n$/);
    await ledger.close();
  });

  it('run by root leaves nothing beside the file that the server may not write', async (t) => {
    assertRoot('a ledger of another user');
    const { ledger, config, file, folder } = await makeLedger(lastFirst(t), bans);
    await ledger.close();
    for (const beside of [`${file}-wal`, `${file}-shm`]) await rm(beside, { force: true });
    for (const name of ['.', ...(await readdir(folder))]) await chown(join(folder, name), 65_534, 65_534);
    await run(config, {});
    for (const name of await readdir(folder)) {
      if (name.startsWith('ledger.db')) assert.equal((await stat(join(folder, name))).uid, 65_534, name);
    }
  });
});
