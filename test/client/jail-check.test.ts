import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { type Fail2ban, Fail2banError } from '../../client/fail2ban-client.ts';
import { confirmMs } from '../../client/jail-check.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';
import {
  addressOf,
  type Running,
  type StartOptions,
  settingsFor,
  startAgent,
  startServer,
} from './agent-under-test.ts';
import type { TestServer } from './test-server.ts';

/** A fail2ban in memory: one jail that hands over, sshd. */
class Fail2banInMemory {
  readonly bans = new Set<string>();
  isUp = true;
  jails = 'sshd';
  asked = 0;

  readonly ask: Fail2ban = ([verb = '', , what = '']) => {
    this.asked += 1;
    if (!this.isUp) return Promise.reject(new Fail2banError('fail2ban is down'));
    if (verb === 'status') return Promise.resolve(`\`- Jail list:\t${this.jails}\n`);
    if (what === 'actions') return Promise.resolve('has the following actions:\nnftables, fail2networkban');
    const lines = [...this.bans].map((ip) => `${ip} \t2026-01-01 00:00:00 + 86400 = 2026-12-31 00:00:00`);
    return Promise.resolve(lines.join('\n'));
  };
}

/** status, actions, banip. */
const asksPerReading = 3;

interface Scene {
  readonly fail2ban: Fail2banInMemory;
  readonly server: TestServer;
  readonly clock: ManualClock;
  readonly running: Running;
}

async function makeScene(test: Ending, bans: readonly string[], options: StartOptions = {}): Promise<Scene> {
  const fail2ban = new Fail2banInMemory();
  for (const ban of bans) fail2ban.bans.add(ban);
  const server = await startServer(test);
  const clock = new ManualClock();
  const settings = settingsFor(await makeFolder(test), [addressOf(server)]);
  return {
    fail2ban,
    server,
    clock,
    running: await startAgent(test, settings, { ...options, clock, fail2ban: fail2ban.ask }),
  };
}

/** Moves the clock on, a tenth of a second at a time, until `holds`. Between two moves a frame has the time to arrive. */
async function moveUntil({ clock }: Scene, holds: () => boolean): Promise<void> {
  await until(async () => {
    if (holds()) return true;
    clock.advance(100);
    await delay(2);
    return holds();
  }, 'the moved clock brings it about');
}

const digests = ({ server }: Scene): number => server.frames.filter(({ type }) => type === 'jails').length;
const lists = ({ server }: Scene): number => server.frames.filter(({ type }) => type === 'jail').length;

testWithEnding('makes good what fail2ban never announced, after connecting', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7', '203.0.113.8']);
  await moveUntil(scene, () => scene.server.has('sshd', '203.0.113.7') && scene.server.has('sshd', '203.0.113.8'));
});

testWithEnding('sends no list when the digests agree', async (context) => {
  const scene = await makeScene(context, []);
  await moveUntil(scene, () => digests(scene) === 1);
  await moveUntil(scene, () => digests(scene) === 2);
  assert.equal(lists(scene), 0);
});

testWithEnding('withdraws after `unban --all`, which only says flush', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.server.reports.size === 1);
  scene.fail2ban.bans.clear();
  await scene.running.write('v1 flush sshd inet4');
  await moveUntil(scene, () => scene.server.reports.size === 0);
});

testWithEnding('lifts nothing when fail2ban stops', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.server.reports.size === 1);
  scene.fail2ban.isUp = false;
  scene.fail2ban.bans.clear();
  const { asked } = scene.fail2ban;
  await scene.running.write('v1 flush sshd inet4', 'v1 stop sshd');
  await moveUntil(scene, () => scene.fail2ban.asked > asked + 1);
  assert.equal(scene.server.reports.size, 1);
});

testWithEnding('does not believe a list that is not yet whole', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await scene.server.when(() => digests(scene) === 1);
  scene.fail2ban.bans.add('203.0.113.8');
  await moveUntil(scene, () => scene.server.reports.size === 2);
  const [first] = scene.server.frames.filter(({ type }) => type === 'jail');
  assert.equal(first?.type === 'jail' && first.entries.length, 2);
});

testWithEnding('never sends a list that is older than an event of its jail', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await scene.server.when(() => digests(scene) === 1);
  await scene.running.write('v1 ban sshd 203.0.113.9 600 5 1 1');
  await scene.server.when(() => scene.server.has('sshd', '203.0.113.9'));
  // The confirming list agrees with the first, yet both are older than the event.
  await moveUntil(scene, () => scene.fail2ban.asked === 2 * asksPerReading);
  scene.fail2ban.bans.add('203.0.113.9');
  await moveUntil(scene, () => lists(scene) > 0);
  const [first] = scene.server.frames.filter(({ type }) => type === 'jail');
  assert.equal(first?.type === 'jail' && first.entries.length, 2);
});

testWithEnding('sends a jail again when it is asked to, though the digests agree', async (context) => {
  const scene = await makeScene(context, []);
  await moveUntil(scene, () => digests(scene) === 1);
  const [destination] = scene.running.agent.destinations;
  const outcome = destination?.jailCheck.resend('sshd');
  await moveUntil(scene, () => lists(scene) === 1);
  assert.equal((await outcome)?.kind, 'settled');
});

testWithEnding('does not let a person who asks in the middle of a check wait for the next one', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.fail2ban.asked === asksPerReading && digests(scene) === 1);
  const outcome = scene.running.agent.destinations[0]?.jailCheck.resend('sshd');
  // The list that is being confirmed becomes void; another one must not take the usual minutes.
  await scene.running.write('v1 ban sshd 203.0.113.9 600 5 1 1');
  scene.fail2ban.bans.add('203.0.113.9');
  await scene.server.when(() => scene.server.has('sshd', '203.0.113.9'));
  const startedAt = scene.clock.now();
  await moveUntil(scene, () => lists(scene) > 0);
  assert.equal((await outcome)?.kind, 'settled');
  assert.ok(scene.clock.now() - startedAt < 3 * confirmMs + 1_000);
});

testWithEnding('says which jail it cannot send', async (context) => {
  const scene = await makeScene(context, []);
  await moveUntil(scene, () => digests(scene) === 1);
  const outcome = scene.running.agent.destinations[0]?.jailCheck.resend('nginx');
  await moveUntil(scene, () => digests(scene) === 2);
  assert.deepEqual(await outcome, {
    kind: 'unknown-jail',
    reason: 'no jail nginx with the action fail2networkban; those with it: sshd',
  });
});

testWithEnding('withdraws nothing of a jail that is gone when its empty list is confirmed', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.server.reports.size === 1);
  scene.fail2ban.bans.clear();
  const before = digests(scene);
  await scene.running.write('v1 flush sshd inet4', 'v1 stop sshd');
  await moveUntil(scene, () => digests(scene) > before);
  scene.fail2ban.jails = '';
  const { asked } = scene.fail2ban;
  await moveUntil(scene, () => scene.fail2ban.asked > asked + 1);
  assert.equal(scene.server.reports.size, 1);
});

testWithEnding('says once that there are more jails than can be compared, and from which one on', async (context) => {
  const lines: { readonly msg: string; readonly jails?: number; readonly first?: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) });
  const scene = await makeScene(context, [], { log });
  scene.fail2ban.jails = Array.from({ length: 502 }, (_, index) => `jail-${index}`).join(', ');
  const before = digests(scene);
  await moveUntil(scene, () => digests(scene) >= before + 3);
  const said = lines.filter(({ msg }) => msg.startsWith('too many jails'));
  assert.deepEqual(
    said.map(({ jails, first }) => [jails, first]),
    [[502, 'jail-500']],
  );
});
