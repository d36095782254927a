import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { readRunningServer } from '../../../server/doctor/facts/read-running-server.ts';
import { judgeServer } from '../../../server/doctor/judge/judge-server.ts';
import { DecisionFile } from '../../../server/rescue/decision-file.ts';
import { formatKept, type KeptDecision, parseKept } from '../../../server/rescue/kept-decisions.ts';
import { commandRunner } from '../../../shared/host/command-runner.ts';
import { SmallDisk } from '../../end-to-end/small-disk.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { dnsName } from '../../shared/dns/dns-names.ts';
import { blocks } from '../admin/sent-events.ts';
import { withServer } from '../running-server.ts';
import { makeEntry, network } from '../samples.ts';

/** ss and ps are not asked. */
const noPrograms = commandRunner('/nonexistent');

const paused: KeptDecision = { number: 3, decision: { kind: 'paused', actor: 'operator' } };
const name = dnsName('home.example.org');
const decisions: readonly KeptDecision[] = [
  paused,
  { number: 4, decision: { kind: 'lifted', network: network('203.0.113.1'), actor: 'deploy' } },
  {
    number: 4,
    decision: {
      kind: 'allowed',
      entry: makeEntry('2001:db8::/64', { endsAt: 5_000, note: 'home' }),
      actor: 'operator',
    },
  },
  { number: 5, decision: { kind: 'allowed', entry: makeEntry('198.51.100.1'), actor: 'operator' } },
  { number: 6, decision: { kind: 'disallowed', network: network('198.51.100.1'), actor: 'operator' } },
  {
    number: 7,
    decision: { kind: 'name-allowed', entry: { name, addedAt: 1, endsAt: 2, note: 'me' }, actor: 'operator' },
  },
  { number: 8, decision: { kind: 'name-disallowed', name, actor: 'operator' } },
];

testWithEnding('keeps decisions as they are, for nobody else to read', async (context) => {
  const folder = await makeFolder(context);
  const kept = await new DecisionFile([folder]).save({ ledger: 'a1', decisions });
  const file = join(folder, 'decisions.json');
  assert.deepEqual(kept, { kind: 'kept', file });
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual((await new DecisionFile([folder]).load()).kept, {
    revision: 1,
    ledger: 'a1',
    decisions,
  });
});

testWithEnding('goes to the next folder when the first disk is full, and the newer of two counts', async (context) => {
  const disk = await SmallDisk.mount(context, 1);
  const other = await makeFolder(context);
  const file = new DecisionFile([disk.dir, other]);
  await file.save({ ledger: 'a1', decisions: [paused] });
  await disk.fill();
  const kept = await file.save({ ledger: 'a1', decisions });
  assert.deepEqual(kept, { kind: 'kept', file: join(other, 'decisions.json') });
  assert.deepEqual((await new DecisionFile([disk.dir, other]).load()).kept?.decisions, decisions);
  await file.save({ ledger: 'a1', decisions: [] });
  assert.deepEqual([(await readdir(disk.dir)).includes('decisions.json'), await readdir(other)], [false, []]);
});

testWithEnding('says when there is no place at all, and which file cannot be read', async (context) => {
  const folder = await makeFolder(context);
  const kept = await new DecisionFile([join(folder, 'nowhere'), '/dev/full']).save({
    ledger: 'a1',
    decisions,
  });
  assert.equal(kept.kind, 'nowhere');
  await writeFile(join(folder, 'decisions.json'), '{"revision":1');
  const found = await new DecisionFile([folder]).load();
  assert.deepEqual(found, {
    kept: undefined,
    unreadable: [{ file: join(folder, 'decisions.json'), reason: 'it is damaged' }],
  });
  const strange = join(folder, 'strange');
  await mkdir(join(strange, 'decisions.json'), { recursive: true });
  assert.equal((await new DecisionFile([strange]).load()).unreadable.length, 1);
});

it('takes nothing for decisions that it did not write as such', () => {
  const text = formatKept({ revision: 1, ledger: 'a1', decisions });
  assert.deepEqual(parseKept(text)?.decisions, decisions);
  fc.assert(
    fc.property(fc.nat(text.length - 2), (at) => {
      assert.equal(parseKept(text.slice(0, at)), undefined);
    }),
  );
  fc.assert(fc.property(fc.json(), (other) => assert.equal(parseKept(other), undefined)));
});

it('takes no decisions of which a digit has changed', () => {
  const text = formatKept({ revision: 1, ledger: 'a1', decisions });
  const digits = [...text].flatMap((character, at) => (/\d/.test(character) ? [at] : []));
  for (const at of digits) {
    const other = (Number(text[at]) + 1) % 10;
    assert.equal(parseKept(`${text.slice(0, at)}${other}${text.slice(at + 1)}`), undefined, `at ${at}`);
  }
});

testWithEnding(
  'a server that cannot read what was decided says so, and bans wait, until it is accepted',
  async (context) => {
    const folder = await makeFolder(context);
    await writeFile(join(folder, 'decisions.json'), '{"revision":1');
    await withServer(
      async (server) => {
        const said = judgeServer(await readRunningServer(server.settings.socket, noPrograms), '0.0.0');
        const { level, fact = '' } = said.find(({ code }) => code === 'ledger-loss') ?? {};
        assert.equal(level, 'broken');
        assert.match(fact, /decisions\.json cannot be read \(it is damaged\): a panic, unban or allow in it is lost/);
        await server.ask('ban', { network: '203.0.113.1' });
        const found = await server.ask('lookup', { network: '203.0.113.1' });
        assert.match(JSON.stringify(found), /"code":"lost"/);
        assert.match(String((await server.ask('reconcile'))['unread']), /lost what may have protected .* accept-loss$/);
        assert.deepEqual(server.blocked, []);
        await server.ask('accept-loss');
        await blocks(server, '203.0.113.1');
        assert.deepEqual(await readdir(folder), ['decisions.json.damaged']);
        assert.deepEqual((await server.ask('status'))['losses'], []);
      },
      undefined,
      { parts: { decisions: new DecisionFile([folder]) } },
    );
  },
);
