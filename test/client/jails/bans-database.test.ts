import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Libsql from 'libsql/promise';
import { readStoredBans } from '../../../client/jails/bans-database.ts';
import { parseDatabaseFile } from '../../../client/jails/jail-reader.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { writeBans } from '../bans-database.ts';

testWithEnding('reads the bans of each jail, of any length that fail2ban can hold', async (context) => {
  const file = join(await makeFolder(context), 'f.sqlite3');
  await writeBans(file, {
    sshd: [
      { ip: '203.0.113.7', bannedAtSeconds: 1_795_000_000, bantime: 600 },
      { ip: '203.0.113.8', bannedAtSeconds: 1_795_000_000, bantime: -1 },
      { ip: '2001:DB8::1', bannedAtSeconds: 1_795_000_000, bantime: '10000000000000000' },
      { ip: 'foo.invalid', bannedAtSeconds: 1_795_000_000, bantime: 600 },
    ],
    "it's a, b": ['198.51.100.0/24'],
  });
  const stored = await readStoredBans(file, ['sshd', "it's a, b", 'nginx']);
  const bannedAt = 1_795_000_000_000;
  assert.deepEqual(
    [...(stored?.get('sshd') ?? [])],
    [
      ['203.0.113.7', { bannedAt, bantimeSeconds: 600 }],
      ['203.0.113.8', { bannedAt, bantimeSeconds: null }],
      ['2001:db8::1', { bannedAt, bantimeSeconds: 3_153_600_000 }],
    ],
  );
  assert.deepEqual([...(stored?.get("it's a, b")?.keys() ?? [])], ['198.51.100.0/24']);
  assert.equal(stored?.get('nginx')?.size, 0);
});

testWithEnding('reads nothing where there is no database, another file, or one without the table', async (context) => {
  const file = join(await makeFolder(context), 'f.sqlite3');
  assert.equal(await readStoredBans(file, ['sshd']), undefined);
  await writeFile(file, 'this is no database at all, but long enough to be looked at as one'.repeat(20));
  assert.equal(await readStoredBans(file, ['sshd']), undefined);
  await rm(file);
  const database = new Libsql(file, {});
  await database.exec('CREATE TABLE bans(ip TEXT)');
  database.close();
  assert.equal(await readStoredBans(file, ['sshd']), undefined);
});

testWithEnding('finds the file in what fail2ban prints, where there is one', async () => {
  assert.equal(
    parseDatabaseFile('Current database file is:\n`- /var/lib/fail2ban/f.sqlite3\n'),
    '/var/lib/fail2ban/f.sqlite3',
  );
  for (const text of ['Database currently disabled\n', 'Current database file is:\n`- :memory:\n', '']) {
    assert.equal(parseDatabaseFile(text), undefined);
  }
});
