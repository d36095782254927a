import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readWiredJails } from '../../client/jails/jail-reader.ts';
import { systemClock } from '../../shared/clock.ts';
import type { DesiredEntry, Enforcer } from '../../shared/enforcer.ts';
import { EnforcerError } from '../../shared/errors.ts';
import type { Network } from '../../shared/network.ts';
import { Reconciler, type ReconcilerEvent } from '../../shared/reconciler.ts';
import { addresses } from '../bench/networks.ts';
import { entry, network } from '../contracts/reconciler-bench.ts';
import { lastFirst, makeFolder } from '../ending.ts';
import { stretched } from '../patience.ts';
import type { Fail2banProcess } from './fail2ban-process.ts';
import { askFail2ban, askNow, openJail, peerJail, spellingsIn, startWithPeerJail } from './peer-jail-under-test.ts';
import { waitUntil } from './wait-until.ts';

const never = new AbortController().signal;

const otherJails = `[sshd]
enabled = true
backend = polling
logpath = /dev/null

[wired-peers]
enabled = true
filter =
backend = polling
bantime = -1
`;

async function start(context: TestContext, jails?: string): Promise<Fail2banProcess> {
  const ending = lastFirst(context);
  const fail2ban = await startWithPeerJail(await makeFolder(ending), jails);
  ending.after(() => fail2ban.kill());
  return fail2ban;
}

/** A reconciler at work until the test ends. */
function reconcile(context: TestContext, enforcer: Enforcer, desired: Map<Network, DesiredEntry>) {
  const stop = new AbortController();
  const events: ReconcilerEvent[] = [];
  const reconciler = new Reconciler({
    enforcer,
    desired: () => desired,
    mayAdd: () => true,
    clock: systemClock,
    random: () => 0.5,
    resyncMs: 300_000,
    onEvent: (event) => events.push(event),
  });
  const run = reconciler.run(stop.signal);
  context.after(() => {
    stop.abort();
    return run;
  });
  return { reconciler, events };
}

function wanted(count: number): Map<Network, DesiredEntry> {
  return new Map(addresses(count).map((address, order) => [address, entry(address, order)]));
}

const manyBans = 20_000;
const manyMostMs = 180_000;

test('takes 20,000 bans in bounded time, and answers others meanwhile', async (context) => {
  const fail2ban = await start(context);
  const desired = wanted(manyBans);
  const quietMs = await pingMs(fail2ban);
  const startedMs = performance.now();
  const { reconciler, events } = reconcile(context, openJail(fail2ban, systemClock), desired);
  const waitsMs: number[] = [];
  while (reconciler.state.kind !== 'in-sync' && performance.now() - startedMs < stretched(manyMostMs)) {
    waitsMs.push(await pingMs(fail2ban));
  }
  const tookMs = performance.now() - startedMs;
  assert.equal(reconciler.state.kind, 'in-sync');
  assert.equal(spellingsIn(fail2ban).length, manyBans);
  const calls = events.filter(({ kind }) => kind === 'applied').length;
  const worstMs = Math.max(...waitsMs);
  context.diagnostic(
    `${manyBans} bans in ${Math.round(tookMs)} ms, ${calls} calls, others waited ${Math.round(worstMs)} ms`,
  );
  // Most of a ping is the start of fail2ban-client, which a slow machine makes long.
  assert.ok(worstMs < stretched(Math.max(3_000, 10 * quietMs)), `fail2ban answered nobody for ${worstMs} ms`);

  desired.clear();
  reconciler.notify();
  const clearedMs = await waitUntil('the bans have ended', () => reconciler.counts().ours === 0, manyMostMs);
  context.diagnostic(`ended in ${Math.round(clearedMs)} ms`);
  assert.deepEqual(spellingsIn(fail2ban), []);
});

async function pingMs(fail2ban: Fail2banProcess): Promise<number> {
  const askedMs = performance.now();
  await fail2ban.client('ping');
  return performance.now() - askedMs;
}

test('catches up when fail2ban is killed and started again while bans arrive', async (context) => {
  const fail2ban = await start(context);
  const desired = wanted(2_000);
  const { reconciler, events } = reconcile(context, openJail(fail2ban, systemClock), desired);
  await waitUntil('some are banned', () => reconciler.counts().ours > 100);
  await fail2ban.kill();
  await waitUntil('the failure is seen', () => reconciler.state.kind === 'failing');
  const [gone = network('192.0.2.1')] = desired.keys();
  desired.delete(gone);
  reconciler.notify();
  await fail2ban.start();
  await waitUntil('all are banned', () => reconciler.state.kind === 'in-sync', 90_000);
  assert.deepEqual(spellingsIn(fail2ban), [...desired.keys()].sort());
  const codes = new Set(events.flatMap((event) => (event.kind === 'failed' ? [event.code] : [])));
  assert.deepEqual([...codes], ['retry']);
});

test('denies a jail that is not there in one sentence, and leaves no error in the log of fail2ban', async (context) => {
  const fail2ban = await start(context);
  await assert.rejects(openJail(fail2ban, systemClock, 'sshd-peers').list(never), (error) => {
    assert.ok(error instanceof EnforcerError);
    assert.equal(error.code, 'denied');
    assert.match(error.message, /^fail2ban has no jail sshd-peers, so .*: copy .*\[sshd-peers\], then fail2ban-client/);
    return true;
  });
  assert.doesNotMatch(await fail2ban.log(), / ERROR /);
});

test('takes up a jail that is installed and loaded after it was missed', async (context) => {
  const ending = lastFirst(context);
  const dir = await makeFolder(ending);
  const fail2ban = await startWithPeerJail(dir);
  ending.after(() => fail2ban.kill());
  const installed = join(dir, 'etc/jail.d/fail2networkban-peers.conf');
  await rename(installed, join(dir, 'jail.conf'));
  await writeFile(join(dir, 'etc/jail.d/other.conf'), otherJails);
  await fail2ban.client('reload');
  const { reconciler, events } = reconcile(context, openJail(fail2ban, systemClock), wanted(3));
  await waitUntil('the jail is missed', () => reconciler.state.kind === 'failing');
  await rename(join(dir, 'jail.conf'), installed);
  await fail2ban.client('reload');
  reconciler.relist();
  await waitUntil('all are banned', () => reconciler.state.kind === 'in-sync');
  assert.equal(spellingsIn(fail2ban).length, 3);
  assert.equal(events.filter(({ kind }) => kind === 'failed').length, 1);
});

test('asks to be tried again while fail2ban is down', async (context) => {
  const fail2ban = await start(context);
  const enforcer = openJail(fail2ban, systemClock);
  await fail2ban.stop();
  const isRetry = (error: unknown): boolean => error instanceof EnforcerError && error.code === 'retry';
  await assert.rejects(enforcer.list(never), isRetry);
  await assert.rejects(enforcer.apply([{ verb: 'add', entry: entry('192.0.2.1') }], never), isRetry);
});

test('touches no jail but its own, and takes none that bans itself or hands its bans over', async (context) => {
  const fail2ban = await start(context, otherJails);
  for (const jail of ['sshd', 'wired-peers']) await fail2ban.client('set', jail, 'banip', '192.0.2.7');
  await fail2ban.client('set', 'sshd', 'delaction', 'fail2networkban');
  await assert.rejects(openJail(fail2ban, systemClock, 'sshd').list(never), /has a failregex/);
  await assert.rejects(openJail(fail2ban, systemClock, 'wired-peers').list(never), /has the action fail2networkban/);
  const { reconciler } = reconcile(context, openJail(fail2ban, systemClock), wanted(3));
  await waitUntil('the peer jail is in sync', () => reconciler.state.kind === 'in-sync');
  for (const jail of ['sshd', 'wired-peers']) assert.deepEqual(spellingsIn(fail2ban, jail), ['192.0.2.7']);
});

test('keeps the addresses inside of a network that it is to lift and that is no longer there', async (context) => {
  const fail2ban = await start(context);
  const enforcer = openJail(fail2ban, systemClock);
  await fail2ban.client('set', peerJail, 'banip', '198.51.100.7', '192.0.2.1');
  const lifted = [network('198.51.100.0/24'), network('192.0.2.1')];
  await enforcer.apply(
    lifted.map((each) => ({ verb: 'remove', entry: { network: each, spelling: each, owner: 'ours' } })),
    never,
  );
  assert.deepEqual(spellingsIn(fail2ban), ['198.51.100.7']);
});

test('leaves out what is no network, and ends what somebody banned there by hand', async (context) => {
  const fail2ban = await start(context);
  askNow(fail2ban, 'set', peerJail, 'banip', 'foo.invalid', '192.0.2.1');
  const enforcer = openJail(fail2ban, systemClock);
  assert.deepEqual(await enforcer.list(never), [{ network: '192.0.2.1', spelling: '192.0.2.1', owner: 'ours' }]);
  const { reconciler } = reconcile(context, enforcer, new Map());
  await waitUntil('the peer jail is in sync', () => reconciler.state.kind === 'in-sync');
  assert.deepEqual(spellingsIn(fail2ban), ['foo.invalid']);
});

test("does not show peers' bans to the comparison with the servers", async (context) => {
  const fail2ban = await start(context, otherJails);
  await fail2ban.client('set', peerJail, 'banip', '192.0.2.1');
  await fail2ban.client('set', 'sshd', 'banip', '192.0.2.2');
  await fail2ban.client('set', 'wired-peers', 'banip', '192.0.2.3');
  const wired = await readWiredJails(askFail2ban(fail2ban), never, ['wired-peers']);
  assert.deepEqual(
    wired.map(({ jail }) => jail),
    ['sshd'],
  );
});
