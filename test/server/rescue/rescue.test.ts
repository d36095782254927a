import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unwrittenLines } from '../../../server/commands/show/show-unwritten.ts';
import { readRunningServer } from '../../../server/doctor/facts/read-running-server.ts';
import { judgeServer } from '../../../server/doctor/judge/judge-server.ts';
import { MemoryLedger } from '../../../server/ledger/memory-ledger.ts';
import { type Decision, enterDecision } from '../../../server/rescue/decision.ts';
import { DecisionFile } from '../../../server/rescue/decision-file.ts';
import { nameResolver } from '../../../shared/dns/resolve-name.ts';
import { commandRunner } from '../../../shared/host/command-runner.ts';
import { DnsServer } from '../../emulators/dns/dns-server.ts';
import { lastFirst, makeFolder } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { dnsName } from '../../shared/dns/dns-names.ts';
import { until } from '../../until.ts';
import { blocks, event, send } from '../admin/sent-events.ts';
import { FailingLedger } from '../failing-ledger.ts';
import { askHttp, makeHttpClient } from '../http/ask-http.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { makeEntry, network } from '../samples.ts';
import { openCore } from '../whole-core.ts';

/** ss and ps are not asked. */
const noPrograms = commandRunner('/nonexistent');

const banned = ['203.0.113.1', '203.0.113.3'] as const;
const home = dnsName('home.example.org');

async function banBoth(server: RunningServer): Promise<void> {
  for (const each of banned) await server.ask('ban', { network: each });
  await blocks(server, ...banned);
}

/** The ledger writes again, and the server has tried. */
async function mend(server: RunningServer): Promise<void> {
  server.ledger.isFull = false;
  await until(() => {
    server.clock.advance(1_000);
    return server.ledger.commits.length > 2;
  }, 'the ledger is written again');
  await until(async () => !('unwritten' in (await server.ask('status'))), 'nothing is unwritten');
}

const rescues = [
  { verb: 'panic', args: {}, left: [] },
  { verb: 'unban', args: { network: '203.0.113.1' }, left: ['203.0.113.3'] },
  { verb: 'unban', args: { network: '203.0.113.1', allow: '1h' }, left: ['203.0.113.3'] },
  { verb: 'allow-add', args: { network: '203.0.113.0/30', for: '1h' }, left: [] },
] as const;

describe('the operator, while the ledger cannot be written', () => {
  for (const { verb, args, left } of rescues) {
    it(`is obeyed at once: ${verb} ${Object.values(args).join(' ')}`, () =>
      withServer(async (server) => {
        await banBoth(server);
        server.ledger.isFull = true;
        const answer = await server.ask(verb, args);
        await blocks(server, ...left);
        const file = join(server.folder, 'decisions.json');
        assert.deepEqual(answer['unwritten'], { reason: 'database or disk is full', keptIn: file });
        assert.match(
          unwrittenLines(answer).join(),
          /^done; NOT ON DISK YET: database or disk is full; written by itself/,
        );
        assert.match(unwrittenLines(await server.ask('status')).join(), /^in force: .*NOT ON DISK YET/);
        await mend(server);
        await blocks(server, ...left);
        await until(() => !existsSync(file), 'the file is taken away');
        const { reports, paused, whitelist } = await server.ledger.load();
        const standing = reports.filter(({ isLifted }) => !isLifted).map((report) => report.network);
        assert.deepEqual([paused, whitelist.length], [verb === 'panic', 'allow' in args || 'for' in args ? 1 : 0]);
        assert.deepEqual(standing, verb === 'panic' ? banned : left);
      }));
  }

  it('is obeyed at once about a DNS name, and the ledger has it once it can be written', async (context) => {
    const dns = await DnsServer.start(lastFirst(context));
    dns.zone.set(home, [{ type: 'A', value: '203.0.113.1' }]);
    const parts = { resolve: nameResolver({ servers: [dns.address], hostsFile: '/dev/null' }) };
    const kept = async ({ ledger }: RunningServer) => (await ledger.load()).whitelistNames.map(({ name }) => name);
    const toldOf = async (server: RunningServer): Promise<string> => unwrittenLines(await server.ask('status')).join();
    await withServer(
      async (server) => {
        await banBoth(server);
        server.ledger.isFull = true;
        const added = await server.ask('allow-add', { network: home, for: '1h' });
        assert.deepEqual(added['means'], { networks: ['203.0.113.1'], answered: true });
        assert.match(unwrittenLines(added).join(), /^done; NOT ON DISK YET: database or disk is full;/);
        await blocks(server, '203.0.113.3');
        assert.match(await toldOf(server), /^in force: allow add home\.example\.org; NOT ON DISK YET/);
        await mend(server);
        await blocks(server, '203.0.113.3');
        assert.deepEqual(await kept(server), [home]);
        server.ledger.isFull = true;
        const removed = await server.ask('allow-remove', { network: home });
        assert.deepEqual([removed['outcome'], removed['removed']], ['done', true]);
        await blocks(server, ...banned);
        assert.match(await toldOf(server), /^in force: allow remove home\.example\.org; NOT ON DISK YET/);
        await mend(server);
        assert.deepEqual(await kept(server), []);
      },
      undefined,
      { parts },
    );
  });

  it('is obeyed over HTTP as over the socket', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'deploy', may: 'operate,ban' });
      await banBoth(server);
      server.ledger.isFull = true;
      const lifted = await askHttp(server, 'DELETE /api/v1/bans/203.0.113.1?lift=yes', { token });
      assert.deepEqual([lifted.status, lifted.json?.['banned']], [200, false]);
      assert.ok(lifted.json?.['unwritten']);
      await blocks(server, '203.0.113.3');
      for (const request of ['PUT /api/v1/whitelist/203.0.113.3?for=1h', 'POST /api/v1/panic', 'POST /api/v1/resume']) {
        const answer = await askHttp(server, request, { token });
        assert.deepEqual([answer.status, answer.json?.['unwritten']], [200, lifted.json?.['unwritten']], request);
      }
      await blocks(server);
      const other = await makeToken(server);
      assert.equal((await askHttp(server, 'DELETE /api/v1/bans/203.0.113.1?lift=yes', { token: other })).status, 403);
    }));

  it('is told by doctor what holds in memory alone', () =>
    withServer(async (server) => {
      server.ledger.isFull = true;
      await server.ask('panic');
      await server.ask('allow-add', { network: '203.0.113.1' });
      const said = judgeServer(await readRunningServer(server.settings.socket, noPrograms), '0.0.0');
      const found = said.find(({ code }) => code === 'decisions-unwritten');
      assert.match(found?.fact ?? '', /^2 decisions of the operator .*: database or disk is full$/);
      assert.match(found?.consequence ?? '', /finds them in .*decisions\.json$/);
    }));

  it('can take a decision back that is not written yet', () =>
    withServer(async (server) => {
      await banBoth(server);
      server.ledger.isFull = true;
      await server.ask('panic');
      await blocks(server);
      await server.ask('resume');
      await blocks(server, ...banned);
      await server.ask('allow-add', { network: '203.0.113.1' });
      await server.ask('allow-remove', { network: '203.0.113.1' });
      assert.deepEqual((await server.ask('allow-list'))['timed'], []);
      await mend(server);
      assert.equal((await server.ledger.load()).paused, false);
    }));

  it('does not lift what a jail bans anew once the ledger writes again', () =>
    withServer(async (server) => {
      const host = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(host, event(1, '203.0.113.1'));
      await blocks(server, '203.0.113.1');
      server.ledger.isFull = true;
      await server.ask('unban', { network: '203.0.113.1' });
      await blocks(server);
      server.ledger.isFull = false;
      await send(host, event(2, '203.0.113.1'));
      await blocks(server, '203.0.113.1');
      host.close();
    }));
});

describe('what the operator decided while the ledger could not be written', () => {
  it('survives a restart, and is written then', async (context) => {
    const folder = await makeFolder(lastFirst(context));
    const parts = { ledger: new FailingLedger(), decisions: new DecisionFile([folder]) };
    await withServer(
      async (server) => {
        await server.ask('ban', { network: '203.0.113.1' });
        parts.ledger.isFull = true;
        await server.ask('panic');
        await server.ask('allow-add', { network: '198.51.100.9', for: '1h' });
      },
      undefined,
      { parts },
    );
    const restarted = { ...parts, decisions: new DecisionFile([folder]) };
    await withServer(
      async (server) => {
        const status = await server.ask('status');
        assert.deepEqual([status['paused'], server.blocked], [true, []]);
        assert.ok(status['unwritten']);
        parts.ledger.isFull = false;
        await server.ask('ban', { network: '203.0.113.5' });
        assert.equal((await parts.ledger.load()).paused, true);
        assert.equal((await parts.ledger.load()).whitelist.length, 1);
        await until(() => !existsSync(join(folder, 'decisions.json')), 'the file is taken away');
      },
      undefined,
      { parts: restarted },
    );
  });

  it('is not carried out again when the ledger has it, though the file could not be taken away', async (context) => {
    const folder = await makeFolder(lastFirst(context));
    const [ledger, clock] = [new FailingLedger(), new ManualClock()];
    const open = () => openCore(ledger, clock, [], { decisions: new DecisionFile([folder]) });
    const entry = { name: home, addedAt: 0, endsAt: Number.POSITIVE_INFINITY, note: '' };
    const core = await open();
    ledger.isFull = true;
    await core.rescue.decide({ kind: 'name-allowed', entry, actor: 'operator' });
    const file = join(folder, 'decisions.json');
    await copyFile(file, `${file}.old`);
    ledger.isFull = false;
    await core.rescue.decide({ kind: 'name-disallowed', name: home, actor: 'operator' });
    await core.rescue.settle();
    assert.equal(existsSync(file), false);
    await copyFile(`${file}.old`, file);
    const restarted = await open();
    await restarted.restoreDecisions();
    assert.deepEqual([restarted.whitelistNames.list(), restarted.rescue.unwritten], [[], []]);
    assert.equal(existsSync(file), false);
    ledger.isFull = true;
    await restarted.rescue.decide({ kind: 'paused', actor: 'operator' });
    assert.match(await readFile(file, 'utf8'), /"kind":"paused"/);
    const again = await open();
    await again.restoreDecisions();
    assert.equal(again.isPaused, true);
  });

  const decision = fc.oneof(
    fc.constantFrom<Decision[]>({ kind: 'paused', actor: 'a' }, { kind: 'resumed', actor: 'a' }),
    fc
      .tuple(fc.constantFrom('lifted' as const, 'disallowed' as const), fc.constantFrom(...banned))
      .map(([kind, address]): Decision => ({ kind, network: network(address), actor: 'a' })),
    fc.constantFrom(...banned).map((address): Decision => ({ kind: 'allowed', entry: makeEntry(address), actor: 'a' })),
    fc.constantFrom<Decision[]>(
      { kind: 'name-allowed', entry: { name: home, addedAt: 0, endsAt: 9, note: '' }, actor: 'a' },
      { kind: 'name-disallowed', name: home, actor: 'a' },
    ),
  );
  const step = fc.record({ decision, isFull: fc.boolean(), restarts: fc.boolean() });

  it('holds at once and ends up in the ledger as if no disk had ever been full', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const [failing, healthy] = [new FailingLedger(), new MemoryLedger()];
        const clock = new ManualClock();
        const memory = new DecisionsInMemory();
        let core = await openCore(failing, clock, [], { decisions: memory });
        const model = await openCore(healthy, clock);
        for (const { decision: each, isFull, restarts } of steps) {
          failing.isFull = isFull;
          if (restarts) {
            core = await openCore(failing, clock, [], { decisions: memory });
            await core.restoreDecisions();
          }
          await core.rescue.decide(each);
          await model.record.write((draft) => enterDecision(draft, each));
          assert.deepEqual(stateOf(core), stateOf(model));
        }
        failing.isFull = false;
        core.record.retry();
        await core.record.drain();
        assert.deepEqual(core.rescue.unwritten, []);
        assert.deepEqual(await durable(failing), await durable(healthy));
      }),
      { numRuns: 60 },
    );
  });
});

/** Keeps in memory what a folder would keep. */
class DecisionsInMemory extends DecisionFile {
  #kept: Awaited<ReturnType<DecisionFile['load']>>['kept'];

  constructor() {
    super([]);
  }

  override load() {
    return Promise.resolve({ kept: this.#kept, unreadable: [] });
  }

  override save(kept: Parameters<DecisionFile['save']>[0]) {
    this.#kept = kept.decisions.length === 0 ? undefined : { ...kept, revision: 1 };
    return Promise.resolve({ kind: 'kept' as const, file: 'memory' });
  }
}

type AnyCore = Awaited<ReturnType<typeof openCore>>;

function stateOf({ isPaused, whitelist, whitelistNames }: AnyCore) {
  return { isPaused, timed: whitelist.timed.map((entry) => entry.network).sort(), names: whitelistNames.timed };
}

async function durable(ledger: MemoryLedger) {
  const { paused, whitelist, whitelistNames } = await ledger.load();
  return { paused, whitelist: whitelist.map((entry) => entry.network).sort(), whitelistNames };
}

async function makeToken(server: RunningServer): Promise<string> {
  server.ledger.isFull = false;
  return await makeHttpClient(server, { name: 'other', may: 'ban' });
}
