import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { type Ending, lastFirst, makeFolder } from '../ending.ts';
import { AgentProcess } from './agent-process.ts';
import { Fleet } from './fleet.ts';
import { SmallDisk } from './small-disk.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const banned = ['203.0.113.1', '203.0.113.3'];

async function startWithBans(ending: Ending, serverDir?: string): Promise<Fleet> {
  const fleet = await Fleet.start(ending, serverDir === undefined ? {} : { serverDir });
  for (const each of banned) await fleet.server.command('ban', each);
  await fleet.blocks(banned);
  return fleet;
}

/** SQLite's log has room of its own, which small commits fill until one fails. @returns the networks that it took */
async function useUpLog(fleet: Fleet): Promise<string[]> {
  const taken: string[] = [];
  // Odd ones: no two of them are merged.
  for (let last = 11; last < 255; last += 2) {
    const each = `203.0.113.${last}`;
    if ((await fleet.server.command('ban', each)).code !== 0) return taken;
    taken.push(each);
  }
  assert.fail('the ledger takes everything');
}

/** Another program holds the ledger's lock. @returns ends it */
async function holdLock(database: string): Promise<() => Promise<void>> {
  const holder = spawn('sqlite3', [database], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  const held = once(holder.stdout, 'data');
  holder.stdin.write("BEGIN IMMEDIATE; SELECT 'held';\n");
  await held;
  return async () => {
    holder.kill('SIGKILL');
    await ended;
  };
}

describe('the operator, whose ledger cannot be written', { timeout: suiteMaxMs }, () => {
  it('is obeyed with a full disk, told of it, and remembered over kill -9 once there was room for a file', async (context) => {
    const ending = lastFirst(context);
    const disk = await SmallDisk.mount(ending, 4);
    const fleet = await startWithBans(ending, disk.dir);
    await disk.fill();
    const others = await useUpLog(fleet);
    const unban = await fleet.server.command('unban', '203.0.113.1', '--allow', '1h');
    assert.match(unban.stdout, /NOT ON DISK YET: .*full.*no file could keep it either/);
    await fleet.blocks(['203.0.113.3', ...others]);
    const allow = await fleet.server.command('allow', 'add', 'home.example.invalid', '--for', '1h');
    assert.equal(allow.code, 0, allow.stderr);
    assert.match(allow.stdout, /NOT ON DISK YET/);
    assert.equal((await fleet.server.command('panic')).code, 0);
    await fleet.blocks([]);
    await disk.empty();
    await waitUntil('the ledger has both', async () => (await fleet.server.ask('status'))['unwritten'] === undefined);
    await fleet.server.kill();
    await fleet.server.start();
    assert.equal((await fleet.server.ask('status'))['paused'], true);
    assert.match((await fleet.server.command('allow', 'list')).stdout, /home\.example\.invalid/);
    fleet.assertBlocks([]);
  });

  it('hears of it at the hosts, too: status and doctor there name the server that takes nothing', async (context) => {
    const ending = lastFirst(context);
    const disk = await SmallDisk.mount(ending, 4);
    const fleet = await startWithBans(ending, disk.dir);
    const enrolments = { main: await fleet.server.enrolmentFor('web1') };
    const agent = await AgentProcess.start({ dir: await makeFolder(ending), enrolments });
    ending.after(() => agent.stop());
    await waitUntil('it is connected', async () => (await agent.command('status')).code === 0);
    await disk.fill();
    await useUpLog(fleet);
    assert.equal((await agent.command('ban', '203.0.113.2')).code, 75);
    const status = await agent.command('status');
    assert.deepEqual(
      [status.code, /main: takes nothing for now: ledger-unavailable: /.test(status.stdout)],
      [75, true],
    );
    const doctor = await agent.command('doctor');
    assert.equal(doctor.code, 2);
    assert.match(doctor.stdout, /main takes nothing since .*1 event/);
    assert.match(doctor.stdout, /on the server main: fail2networkban-server doctor/);
    await disk.empty();
    await waitUntil('all is well', async () => (await agent.command('status')).code === 0);
    assert.equal(await agent.waiting(), 0);
  });

  it('is told by backup what is not in the copy, whether the server runs or not', async (context) => {
    const ending = lastFirst(context);
    const fleet = await startWithBans(ending);
    const copy = (name: string) => fleet.server.command('backup', `${fleet.server.database}.${name}`);
    const whole = await copy('whole');
    assert.deepEqual([whole.code, /NOT IN IT/.test(whole.stdout)], [0, false], whole.stderr);
    const letGo = await holdLock(fleet.server.database);
    await fleet.server.command('panic');
    await fleet.server.command('unban', banned[0] ?? '', '--allow', '1h');
    const says = /NOT IN IT, because the ledger has not taken them yet: panic, .*unban 203\.0\.113\.1.*\nmake another/;
    const running = await copy('running');
    assert.deepEqual([running.code, says.test(running.stdout)], [75, true], running.stdout + running.stderr);
    await fleet.server.kill();
    const stopped = await copy('stopped');
    assert.deepEqual([stopped.code, says.test(stopped.stdout)], [75, true], stopped.stdout + stopped.stderr);
    await letGo();
    await fleet.server.start();
    await waitUntil('the ledger has both', async () => (await fleet.server.ask('status'))['unwritten'] === undefined);
    assert.equal((await copy('after')).code, 0);
  });

  it('is obeyed, and answered, while another program holds the lock', async (context) => {
    const ending = lastFirst(context);
    const fleet = await startWithBans(ending);
    const letGo = await holdLock(fleet.server.database);
    const panic = await fleet.server.command('panic');
    assert.match(panic.stdout, /NOT ON DISK YET/);
    await fleet.blocks([]);
    assert.equal((await fleet.server.command('status')).code, 0);
    await letGo();
    await waitUntil('the ledger has it', async () => (await fleet.server.ask('status'))['unwritten'] === undefined);
    assert.equal((await fleet.server.command('resume')).code, 0);
    await fleet.blocks(banned);
  });
});
