import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Ending, lastFirst, makeFolder } from '../ending.ts';
import { handOver } from './action-text.ts';
import { Fleet } from './fleet.ts';
import { mainFile, runCommand } from './program.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

/** An output that cannot be written, or that nobody reads. Everything opened is closed with the test. */
type OpenOutput = (ending: Ending) => Promise<number>;

const outputs: readonly (readonly [name: string, open: OpenOutput])[] = [
  ['a full disk', async (ending) => closing(openSync('/dev/full', 'w'), ending)],
  ['a full pipe whose reader stands still', openFullPipe],
  ['a pipe whose reader is gone', openClosedPipe],
];

describe('a program whose log goes nowhere', { timeout: suiteMaxMs }, () => {
  for (const [name, open] of outputs) {
    it(`the server works and ends in order, with ${name}`, async (context) => {
      const ending = lastFirst(context);
      const fleet = await Fleet.start(ending);
      await fleet.server.stop();
      const server = startOn(await open(ending), ending, 'server', 'run', '--config', fleet.server.config);
      await waitUntil('the server answers', async () => (await fleet.server.command('status')).code === 0);
      assert.equal((await fleet.server.command('ban', '203.0.113.1')).code, 0);
      await fleet.blocks(['203.0.113.1']);
      assert.equal(await codeAfterTerm(server), 0);
      await fleet.server.start();
    });

    it(`the agent works and ends in order, with ${name}`, async (context) => {
      const ending = lastFirst(context);
      const fleet = await Fleet.start(ending);
      const { agent } = await fleet.host('web1');
      await agent.stop();
      const program = startOn(await open(ending), ending, 'client', 'agent', '--config', agent.config);
      await handOver('actionban', ['203.0.113.1'], agent.spool);
      await fleet.blocks(['203.0.113.1']);
      assert.equal(await codeAfterTerm(program), 0);
      await agent.start();
    });
  }
});

const serverCommands = [
  ['status'],
  ['bans'],
  ['bans', '--json'],
  ['history'],
  ['lookup', '203.0.113.1'],
  ['client', 'list'],
  ['allow', 'list'],
  ['reconcile'],
  ['export', '--since', '2026-01-01'],
  ['doctor'],
  ['check-config'],
  ['--help'],
] as const;

const hostCommands = [
  ['status'],
  ['bans', '--json'],
  ['doctor'],
  ['check-config'],
  ['ban', '203.0.113.9'],
  ['--help'],
] as const;

describe('a command whose reader goes away', { timeout: suiteMaxMs }, () => {
  it('ends without a word', async (context) => {
    const ending = lastFirst(context);
    const fleet = await Fleet.start(ending);
    const { agent } = await fleet.host('web1');
    await fleet.server.command('ban', '203.0.113.1');
    for (const [program, config, commands] of [
      ['server', fleet.server.config, serverCommands],
      ['client', agent.config, hostCommands],
    ] as const) {
      for (const words of commands) {
        const said = await complaintOf(await openClosedPipe(ending), program, ...words, '--config', config);
        assert.doesNotMatch(said, /EPIPE|^\s+at /m, words.join(' '));
      }
    }
  });

  it('says that its output cannot be written, with 75, when the disk is full', async (context) => {
    const ending = lastFirst(context);
    const full = closing(openSync('/dev/full', 'w'), ending);
    const said = await complaintOf(full, 'server', '--help');
    assert.match(said, /^standard output cannot be written: its disk is full\n75$/);
    assert.equal((await runCommand('server', ['--help'])).code, 0);
  });
});

function startOn(output: number, ending: Ending, program: 'server' | 'client', ...words: string[]): ChildProcess {
  const child = spawn(process.execPath, [mainFile(program), ...words], { stdio: ['ignore', output, output] });
  ending.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  return child;
}

async function codeAfterTerm(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await ended;
  return code;
}

/** What it writes to standard error; and its exit code, unless that is 0, 1 or 2. */
async function complaintOf(output: number, program: 'server' | 'client', ...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [mainFile(program), ...words], { stdio: ['ignore', output, 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return typeof code === 'number' && code <= 2 ? said : `${said}${code}`;
}

function makePipe(folder: string): string {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

async function openFullPipe(ending: Ending): Promise<number> {
  const path = makePipe(await makeFolder(ending));
  const filler = closing(openSync(path, constants.O_RDWR | constants.O_NONBLOCK), ending);
  const full = Buffer.alloc(4_096, '\n');
  try {
    for (;;) writeSync(filler, full);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'EAGAIN');
  }
  return closing(openSync(path, constants.O_WRONLY), ending);
}

async function openClosedPipe(ending: Ending): Promise<number> {
  const path = makePipe(await makeFolder(ending));
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = closing(openSync(path, constants.O_WRONLY), ending);
  closeSync(reader);
  return writer;
}

function closing(fd: number, ending: Ending): number {
  ending.after(async () => closeSync(fd));
  return fd;
}
