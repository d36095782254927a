import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Change } from '../../../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../../../server/ledger/sqlite-ledger.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { dnsName } from '../../../shared/dns/dns-names.ts';
import { makeEntry, makeReport, network } from '../../samples.ts';
import { askSqlite } from '../ask-sqlite.ts';
import { makeVersionOne } from '../migrations/version-one.ts';

const folder = mkdtempSync(join(tmpdir(), 'f2nb-flips-'));
after(() => rmSync(folder, { recursive: true }));
const clock = new ManualClock(Date.UTC(2026, 0, 31, 12));
const whole = join(folder, 'ledger.db');
const opening = fileURLToPath(new URL('opening-process.js', import.meta.url));
let filesMade = 0;

const changes: readonly Change[] = [
  {
    kind: 'source-read',
    source: 'proxmox/main/management',
    networks: ['198.51.100.0/24', '2001:db8::/64'].map(network),
  },
  { kind: 'source-read', source: 'server/resolvers', networks: [network('192.0.2.53')] },
  { kind: 'source-read', source: 'server/gateways', networks: [] },
  {
    kind: 'host-addresses',
    client: 'web1',
    addresses: ['203.0.113.7', '203.0.113.8'].map((text) => ({
      ...{ address: network(text), keyId: 'key-0001', seenAt: clock.now() },
    })),
  },
  { kind: 'mark-adopted', id: 'k3x9' },
  { kind: 'name-allowed', entry: { name: dnsName('home.example.org'), addedAt: 0, endsAt: 9e12, note: 'mine' } },
  { kind: 'allowed', entry: makeEntry('198.51.100.9'), actor: 'operator' },
  { kind: 'reported', report: makeReport('192.0.2.9'), replaces: undefined },
];

interface Opened {
  readonly decides: { readonly reports: readonly string[]; readonly rest: Readonly<Record<string, unknown>> };
  readonly losses: readonly string[];
}

/** What a start in another process makes of a file; a text: what it says as it refuses to start. */
function open(file: string): Opened | string {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [opening, file], { encoding: 'utf8' });
  assert.equal(signal, null, stderr);
  if (status === 0) return JSON.parse(stdout);
  assert.equal(status, 78, stderr);
  assert.ok(stderr.length > 0);
  return stderr;
}

/** A copy of the whole ledger in a folder of its own, with what is beside it. */
function copyOf(): string {
  filesMade += 1;
  const file = join(mkdtempSync(join(folder, `${filesMade}-`)), 'ledger.db');
  copyFileSync(whole, file);
  copyFileSync(`${whole}.last-commit`, `${file}.last-commit`);
  return file;
}

let good: Opened;

before(async () => {
  makeVersionOne(whole);
  const ledger = await SqliteLedger.open(whole, clock);
  await ledger.commit(changes, clock.now());
  await ledger.close();
  const opened = open(copyOf());
  good = typeof opened === 'string' ? assert.fail(opened) : opened;
});

describe('bytes that are no text any more', () => {
  /** The column, and what is left out or mended for it, as the loss says. */
  const columns: readonly (readonly [table: string, column: string, says: RegExp])[] = [
    ['protected_source', 'name', /^what must not be banned by the source \ufffd/],
    ["protected WHERE network LIKE '198%'", 'source', /^what must not be banned by the source /],
    [
      "protected WHERE network LIKE '198%'",
      'network',
      /^what must not be banned by the source proxmox\/main\/management: is not as it was/,
    ],
    ['host_address', 'client', /^the address 203\.0\.113\.7 of the host \ufffd/],
    ['host_address', 'address', /^the address \ufffd03\.0\.113\.7 of the host web1: is not/],
    ['host_address', 'key', /^the address 203\.0\.113\.7 of the host web1: is not/],
    ['whitelist', 'network', /^the whitelist entry \ufffd/],
    ["setting WHERE name = 'id'", 'value', /^the ledger's id or marks were not as .* second copy stands again/],
    ["setting WHERE name = 'marks'", 'value', /^the ledger's id or marks were not as .* second copy stands again/],
    ["setting WHERE name = 'identity'", 'value', /^the second copy of the ledger's id and marks was not/],
    ["setting WHERE name = 'marks'", 'name', /^the ledger's id or marks were not/],
  ];
  for (const [table, column, says] of columns) {
    it(`are named once, and the rest goes on: ${column} of ${table}`, () => {
      const file = copyOf();
      const [name = '', where = 'true'] = table.split(' WHERE ');
      const damaged = `CAST(x'ff' || CAST(substr(${column}, 2) AS BLOB) AS TEXT)`;
      const first = `(SELECT ${column} FROM ${name} WHERE ${where} ORDER BY ${column} LIMIT 1)`;
      askSqlite(file, `UPDATE ${name} SET ${column} = ${damaged} WHERE ${where} AND ${column} = ${first}`);
      const opened = open(file);
      assert.ok(typeof opened === 'object', String(opened));
      assert.match(opened.losses.join('\n'), says);
      assert.deepEqual(opened.decides.reports, good.decides.reports);
      assert.deepEqual(open(file), opened);
    });
  }

  it('are no end of what was found before', () => {
    const file = copyOf();
    askSqlite(file, "INSERT INTO loss (found_at, text) VALUES (5, CAST(x'ff4141' AS TEXT))");
    const opened = open(file);
    assert.deepEqual(typeof opened === 'string' ? opened : opened.losses, ['\ufffdAA']);
  });
});

describe('what a source says must not be banned', () => {
  const of = (file: string): unknown => {
    const opened = open(file);
    return typeof opened === 'string' ? opened : opened.decides.rest['protectedSets'];
  };

  it('counts as never read when a network of it was changed or is gone', () => {
    for (const sql of [
      "UPDATE protected SET network = '198.51.101.0/24' WHERE network = '198.51.100.0/24'",
      "DELETE FROM protected WHERE network = '2001:db8::/64'",
      "INSERT INTO protected VALUES ('proxmox/main/management', '192.0.2.77')",
    ]) {
      const file = copyOf();
      askSqlite(file, sql);
      assert.deepEqual(of(file), [
        { source: 'server/gateways', networks: [] },
        { source: 'server/resolvers', networks: ['192.0.2.53'] },
      ]);
    }
  });
});

describe('the marks of a ledger', () => {
  it('stand again by their second copy when one of them was changed into another', () => {
    const file = copyOf();
    askSqlite(file, "UPDATE setting SET value = replace(value, 'k3x9', 'k3x8') WHERE name = 'marks'");
    const opened = open(file);
    assert.deepEqual(typeof opened === 'string' ? opened : opened.decides, good.decides);
  });

  it('are made anew when both copies are lost, and it is said', () => {
    const file = copyOf();
    askSqlite(file, "UPDATE setting SET value = 'K' WHERE name IN ('marks', 'identity')");
    const opened = open(file);
    assert.match(typeof opened === 'string' ? opened : opened.losses.join('\n'), /^the ledger's marks cannot be read/);
  });
});

describe('any bit of a ledger', () => {
  it('may flip in the text of a view, and no lifted report is a ban again', () => {
    const bytes = readFileSync(whole);
    const at = bytes.indexOf("'withdrawn' AS is_lifted");
    assert.ok(at > 0);
    const file = copyOf();
    bytes[at + 1] = 'W'.charCodeAt(0);
    writeFileSync(file, bytes);
    const opened = open(file);
    assert.deepEqual(typeof opened === 'string' ? opened : opened.decides, good.decides);
  });

  it('may flip: no start crashes for it, and no ban, nor what protects from one, changes in silence', () => {
    const bytes = readFileSync(whole);
    const places = [...bytes.keys()].filter((at) => bytes[at] !== 0 && at >= 100);
    const before = new Set(good.decides.reports);
    fc.assert(
      fc.property(fc.nat(places.length - 1), fc.nat(7), (place, bit) => {
        const file = copyOf();
        const flipped = Buffer.from(bytes);
        const at = places[place] ?? 0;
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        writeFileSync(file, flipped);
        const opened = open(file);
        rmSync(join(file, '..'), { recursive: true });
        if (typeof opened === 'string') return;
        for (const report of opened.decides.reports) assert.ok(before.has(report), `byte ${at}: ${report}`);
        if (opened.losses.length === 0) assert.deepEqual(opened.decides, good.decides, `byte ${at}`);
      }),
      { seed: 9, numRuns: 40, endOnFailure: true },
    );
  });
});
