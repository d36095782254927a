import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { type Fail2ban, Fail2banError } from '../../client/fail2ban-client.ts';
import { goneMs } from '../../client/jails/judge-missing.ts';
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
import { writeBans } from './bans-database.ts';
import type { TestServer } from './test-server.ts';

/** A fail2ban in memory: one jail that hands over, sshd, with its database on disk and a file in place of its socket. */
class Fail2banInMemory {
  readonly bans = new Set<string>();
  readonly #folder: string;
  isUp = true;
  jails = 'sshd';
  /** Whether the agent can see its database. */
  hasDatabase = true;
  /** Undefined: the jail does not say. */
  ignoreip: readonly string[] | undefined = [];
  asked = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is kept in the database, to be restored. */
  async store(...ips: readonly string[]): Promise<void> {
    await writeBans(this.#database, { sshd: ips });
  }

  /** A start: the bans of before are gone from memory. */
  async restart(): Promise<void> {
    await rm(this.socket, { force: true });
    await writeFile(this.socket, '');
    this.bans.clear();
  }

  get socket(): string {
    return join(this.#folder, 'fail2ban.sock');
  }

  get #database(): string {
    return join(this.#folder, 'fail2ban.sqlite3');
  }

  readonly ask: Fail2ban = ([verb = '', of = '', what = '']) => {
    this.asked += 1;
    if (!this.isUp) return Promise.reject(new Fail2banError('fail2ban is down'));
    if (verb === 'status') return Promise.resolve(`\`- Jail list:\t${this.jails}\n`);
    if (of === 'dbfile') {
      const file = this.hasDatabase ? this.#database : '/config/in-a-container.sqlite3';
      return Promise.resolve(`Current database file is:\n\`- ${file}\n`);
    }
    if (!this.jails.split(', ').includes(of)) return Promise.reject(new Fail2banError(`NOK: no jail ${of}`, true));
    if (what === 'actions') return Promise.resolve('has the following actions:\nnftables, fail2networkban');
    if (what === 'ignoreip') return this.#ignoreip();
    const lines = [...this.bans].map((ip) => `${ip} \t2026-01-01 00:00:00 + 86400 = 2026-12-31 00:00:00`);
    return Promise.resolve(lines.join('\n'));
  };

  #ignoreip(): Promise<string> {
    if (this.ignoreip === undefined) return Promise.reject(new Fail2banError('NOK', true));
    return Promise.resolve(this.ignoreip.map((entry) => `|- ${entry}\n`).join(''));
  }
}

interface Scene {
  readonly fail2ban: Fail2banInMemory;
  readonly server: TestServer;
  readonly clock: ManualClock;
  readonly running: Running;
}

async function makeScene(test: Ending, bans: readonly string[], options: StartOptions = {}): Promise<Scene> {
  const folder = await makeFolder(test);
  const fail2ban = new Fail2banInMemory(folder);
  await fail2ban.restart();
  await fail2ban.store(...bans);
  for (const ban of bans) fail2ban.bans.add(ban);
  const server = await startServer(test);
  const clock = new ManualClock();
  const settings = settingsFor(folder, [addressOf(server)]);
  const agent = { ...settings.agent, fail2banSocket: fail2ban.socket };
  return {
    fail2ban,
    server,
    clock,
    running: await startAgent(test, { ...settings, agent }, { ...options, clock, fail2ban: fail2ban.ask }),
  };
}

/** Moves the clock on, step by step, until `holds`. Between two moves a frame has the time to arrive. */
async function moveUntil({ clock }: Scene, holds: () => boolean, stepMs = 100): Promise<void> {
  await until(async () => {
    if (holds()) return true;
    clock.advance(stepMs);
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

testWithEnding('offers what its jails never ban with each comparison, unless a jail does not say', async (context) => {
  const scene = await makeScene(context, []);
  const offered = () => scene.server.frames.flatMap((frame) => (frame.type === 'jails' ? [frame.ignoreip] : []));
  scene.fail2ban.ignoreip = ['203.0.113.7', 'home.example.org'];
  await moveUntil(scene, () => digests(scene) === 1);
  scene.fail2ban.ignoreip = undefined;
  await moveUntil(scene, () => digests(scene) === 2);
  scene.fail2ban.ignoreip = [];
  await moveUntil(scene, () => digests(scene) === 3);
  assert.deepEqual(offered(), [['203.0.113.7'], undefined, []]);
});

testWithEnding('sends no list when the digests agree', async (context) => {
  const scene = await makeScene(context, []);
  await moveUntil(scene, () => digests(scene) === 1);
  await moveUntil(scene, () => digests(scene) === 2);
  assert.equal(lists(scene), 0);
});

/** Lets so much time pass while the agent works. */
async function pass(scene: Scene, forMs: number): Promise<void> {
  const endMs = scene.clock.elapsed() + forMs;
  await moveUntil(scene, () => scene.clock.elapsed() >= endMs, 500);
}

testWithEnding(
  'withdraws after `unban --all`, which only says flush, and not before it is certain',
  async (context) => {
    const scene = await makeScene(context, ['203.0.113.7']);
    await moveUntil(scene, () => scene.server.reports.size === 1);
    scene.fail2ban.bans.clear();
    await scene.fail2ban.store();
    const startedMs = scene.clock.elapsed();
    await scene.running.write('v1 flush sshd inet4');
    await moveUntil(scene, () => scene.server.reports.size === 0);
    assert.ok(scene.clock.elapsed() - startedMs >= goneMs);
  },
);

testWithEnding('withdraws the old ones of a jail that bans all the time', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.server.reports.size === 1);
  scene.fail2ban.bans.clear();
  await scene.fail2ban.store();
  await scene.running.write('v1 flush sshd inet4');
  // How many bans it takes depends on how busy this machine is: jail-history.test has the bound in time.
  for (let at = 1; scene.server.has('sshd', '203.0.113.7'); at += 1) {
    scene.fail2ban.bans.add(`198.51.100.${at % 250}`);
    await scene.fail2ban.store(...scene.fail2ban.bans);
    await scene.running.write(`v1 ban sshd 198.51.100.${at % 250} 86400 5 1 1`);
    await pass(scene, 1_000);
  }
  await moveUntil(scene, () => scene.server.reports.size === scene.fail2ban.bans.size);
});

testWithEnding('lifts nothing when fail2ban stops', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.server.reports.size === 1);
  scene.fail2ban.isUp = false;
  scene.fail2ban.bans.clear();
  await scene.running.write('v1 flush sshd inet4', 'v1 stop sshd');
  await pass(scene, 200_000);
  assert.equal(scene.server.reports.size, 1);
});

testWithEnding(
  'lifts nothing while fail2ban restores what its database holds, however long it takes',
  async (context) => {
    const scene = await makeScene(context, ['203.0.113.7', '203.0.113.8']);
    await moveUntil(scene, () => scene.server.reports.size === 2);
    await scene.fail2ban.restart();
    scene.fail2ban.bans.add('203.0.113.7');
    await pass(scene, 400_000);
    assert.equal(scene.server.reports.size, 2);
  },
);

testWithEnding(
  'lifts nothing after a start of a fail2ban whose database it cannot see, until long after',
  async (context) => {
    const scene = await makeScene(context, ['203.0.113.7', '203.0.113.8']);
    scene.fail2ban.hasDatabase = false;
    await moveUntil(scene, () => scene.server.reports.size === 2);
    await scene.fail2ban.restart();
    scene.fail2ban.bans.add('203.0.113.7');
    await pass(scene, 400_000);
    assert.equal(scene.server.reports.size, 2);
  },
);

testWithEnding('withdraws what a fail2ban without a database was seen with and no longer holds', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7', '203.0.113.8']);
  scene.fail2ban.hasDatabase = false;
  await moveUntil(scene, () => scene.server.reports.size === 2);
  scene.fail2ban.bans.delete('203.0.113.8');
  await scene.running.write('v1 flush sshd inet4');
  await moveUntil(scene, () => scene.server.reports.size === 1);
  assert.ok(scene.server.has('sshd', '203.0.113.7'));
});

testWithEnding('sends a jail again when it is asked to, though the digests agree', async (context) => {
  const scene = await makeScene(context, []);
  await moveUntil(scene, () => digests(scene) === 1);
  const [destination] = scene.running.agent.destinations;
  const outcome = destination?.jailCheck.resend('sshd');
  await moveUntil(scene, () => lists(scene) === 1);
  assert.equal((await outcome)?.kind, 'settled');
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

testWithEnding('withdraws nothing of a jail that is gone', async (context) => {
  const scene = await makeScene(context, ['203.0.113.7']);
  await moveUntil(scene, () => scene.server.reports.size === 1);
  scene.fail2ban.bans.clear();
  await scene.fail2ban.store();
  await scene.running.write('v1 flush sshd inet4', 'v1 stop sshd');
  await pass(scene, 10_000);
  scene.fail2ban.jails = '';
  await pass(scene, 400_000);
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
