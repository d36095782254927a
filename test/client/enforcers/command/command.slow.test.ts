import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatCarriedOut, parseRecord } from '../../../../client/enforcers/command/record-lines.ts';
import { notStarted } from '../../../../client/enforcers/command/run-failure.ts';
import { EnforcerError } from '../../../../shared/errors.ts';
import { entry, network, ReconcilerBench } from '../../../contracts/reconciler-bench.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { until } from '../../../until.ts';
import { makeScript, openUnderTest, readCalls, recording } from './command-under-test.ts';

const facts = {
  jail: 'sshd',
  client: 'web1',
  reason: 'tried; rm -rf / $(reboot) "quoted" \'quoted\'',
  labels: { site: '--help', note: '$(touch /tmp/hostile)\n`x`' },
};

const plain = { jail: 'sshd', client: 'web1', reason: '', labels: { site: 'fra1' } };

const failsWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EnforcerError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe('a command', () => {
  it('is given its values as arguments that nothing reads, and the event as JSON', async (context) => {
    const { folder, path } = await makeScript(context, recording);
    const argv = `argv = ${path} {verb} {network} {ttl} {jail}@{client} "{reason}" {label:site} {label:note} {label:none} last`;
    const clock = new ManualClock();
    const command = await openUnderTest(argv, { state: folder, facts, clock });
    await command.ban('192.0.2.1', clock.now() + 90_500);
    await command.ban('2001:db8::/64');
    await command.unban('192.0.2.1');
    const calls = await readCalls(folder);
    const [values, event] = [
      ['sshd@web1', facts.reason, '__help', '$(touch /tmp/hostile) `x`', '', 'last'],
      { ...facts },
    ];
    assert.deepEqual(calls.argv, [
      ['ban', '192.0.2.1', '91', ...values],
      ['ban', '2001:db8::/64', '-1', ...values],
      ['unban', '192.0.2.1', '0', ...values],
    ]);
    assert.deepEqual(calls.stdin, [
      { verb: 'ban', network: '192.0.2.1', ttl: 91, ...event },
      { verb: 'ban', network: '2001:db8::/64', ttl: -1, ...event },
      { verb: 'unban', network: '192.0.2.1', ttl: 0, ...event },
    ]);
  });

  it('neither repeats nor forgets after a restart', async (context) => {
    const { folder, path } = await makeScript(context, recording);
    const argv = `argv = ${path} {verb} {network} {jail}`;
    const first = await openUnderTest(argv, { state: folder, facts });
    await first.ban('192.0.2.1');
    await first.ban('192.0.2.2');
    const second = await openUnderTest(argv, { state: folder });
    assert.deepEqual(await second.held(), ['192.0.2.1', '192.0.2.2']);
    await second.ban('192.0.2.1');
    await second.unban('192.0.2.2');
    const { argv: calls } = await readCalls(folder);
    assert.deepEqual(
      calls.map(([verb, ...rest]) => [verb, ...rest].join(' ')),
      ['ban 192.0.2.1 sshd', 'ban 192.0.2.2 sshd', 'unban 192.0.2.2 sshd'],
    );
    assert.equal((await stat(first.record)).mode & 0o777, 0o600);
  });

  it('runs nothing at the end of a ban when only bans are written down for it', async (context) => {
    const { folder, path } = await makeScript(context, recording);
    const command = await openUnderTest(`argv = ${path} --ban {network}`, { state: folder });
    assert.match(command.lines[0]?.msg ?? '', /nothing runs when a ban ends/);
    await command.ban('192.0.2.1');
    await command.unban('192.0.2.1');
    assert.deepEqual((await readCalls(folder)).argv, [['--ban', '192.0.2.1']]);
    assert.deepEqual(await command.held(), []);
  });

  it('says by its exit code what is to follow, and keeps what it said', async (context) => {
    const { folder, path } = await makeScript(context, 'echo "no such set"; echo why >&2; exit $1');
    const codes = { 1: 'retry', 3: 'retry', 75: 'retry', 78: 'denied', 119: 'rejected' };
    for (const [exitCode, code] of Object.entries(codes)) {
      const command = await openUnderTest(`argv = ${path} ${exitCode}`, { state: folder });
      await assert.rejects(command.ban('192.0.2.1'), failsWith(code, new RegExp(`^exit code ${exitCode}$`)));
      assert.deepEqual(await command.held(), []);
      const { tookMs, ...line } = command.lines.at(-1) ?? { tookMs: undefined };
      assert.equal(typeof tookMs, 'number');
      assert.deepEqual(line, {
        level: 40,
        enforcer: 'command/test',
        verb: 'ban',
        network: '192.0.2.1',
        output: 'no such set why',
        code,
        error: `exit code ${exitCode}`,
        msg: 'command failed',
      });
    }
  });

  it('is retry when a signal ends it, and denied when it cannot be started', async (context) => {
    const { folder, path } = await makeScript(context, 'kill -9 $$');
    const command = await openUnderTest(`argv = ${path}`, { state: folder });
    await assert.rejects(command.ban('192.0.2.1'), failsWith('retry', /^ended by SIGKILL$/));
    await rm(path);
    await assert.rejects(command.ban('192.0.2.1'), failsWith('denied', /program\.sh cannot be started$/));
  });

  it('lets the others have their turn when one network fails again and again', async (context) => {
    const { folder, path } = await makeScript(context, 'test "$1" != 192.0.2.9');
    const clock = new ManualClock();
    const { enforcer } = await openUnderTest(`argv = ${path} {network} {verb}`, { state: folder, clock });
    const bench = new ReconcilerBench(enforcer, clock);
    bench.want(entry('192.0.2.9', 2), entry('192.0.2.1', 1));
    bench.start();
    for (const failures of [1, 2]) {
      const pauses = (): boolean => bench.eventsOf('failed').length === failures && clock.waiting > 0;
      await until(pauses, 'it waits for the next try');
      clock.advance(clock.nextInMs ?? 0);
    }
    await bench.reaches('in-sync');
    await bench.stop();
    assert.deepEqual(
      bench.eventsOf('rejected').map(({ reason }) => reason),
      ['exit code 1, 3 times in a row'],
    );
    assert.deepEqual(bench.enforcer.applies, ['+192.0.2.9', '+192.0.2.9', '+192.0.2.9', '+192.0.2.1']);
  });

  it('has a bounded output, and is not held up by it', async (context) => {
    const { folder, path } = await makeScript(
      context,
      "head -c 3000000 /dev/zero | tr '\\0' x; printf '\\033[2Jend' >&2",
    );
    const command = await openUnderTest(`argv = ${path}`, { state: folder });
    await command.ban('192.0.2.1');
    const output = String(command.lines.at(-1)?.['output']);
    assert.match(output, /^x{4000,4096} … and 29\d{5} bytes more$/);
  });

  it('need not read its input', async (context) => {
    const { folder, path } = await makeScript(context, 'exec <&-; exit 0');
    const long = { ...facts, reason: 'x'.repeat(1_000_000) };
    const command = await openUnderTest(`argv = ${path}`, { state: folder, facts: long });
    await command.ban('192.0.2.1');
    assert.deepEqual(await command.held(), ['192.0.2.1']);
  });

  it('does not wait for what it leaves behind', async (context) => {
    const { folder, path } = await makeScript(context, 'sleep 60 & echo $! > "$out/pid"; exit 0');
    const command = await openUnderTest(`argv = ${path}`, { state: folder });
    await command.ban('192.0.2.1');
    // Fails unless it is still there.
    process.kill(Number(await readFile(join(folder, 'out', 'pid'), 'utf8')), 'SIGKILL');
  });

  it('gets nothing of the environment of the agent', async (context) => {
    const { folder, path } = await makeScript(context, '/usr/bin/env > "$out/environment"');
    await (await openUnderTest(`argv = ${path}`, { state: folder })).ban('192.0.2.1');
    const names = (await readFile(join(folder, 'out', 'environment'), 'utf8')).match(/^[A-Z_]+(?==)/gm);
    assert.deepEqual(names?.filter((name) => !['PWD', '_', 'OLDPWD', 'SHLVL'].includes(name)).sort(), [
      'LC_ALL',
      'PATH',
    ]);
  });
});

describe('a command that hangs', () => {
  const stubborn = `trap "" TERM
echo $$ > "$out/pid"
sh -c 'echo $$ > "$0/child"; : > "$0/ready"; while :; do sleep 1; done' "$out" &
wait
wait`;
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );

  it('is killed with all that it started when its time is up', async (context) => {
    const { folder, path } = await makeScript(context, stubborn);
    const clock = new ManualClock();
    const command = await openUnderTest(`argv = ${path}\ntimeout = 3s`, { state: folder, clock });
    const banned = assert.rejects(command.ban('192.0.2.1'), failsWith('retry', /^did not end in 3 s, killed$/));
    await until(() => isThere(join(folder, 'out', 'ready')), 'the program and its child run');
    assert.equal(clock.nextInMs, 3_000);
    clock.advance(3_000);
    await until(() => clock.nextInMs === 1_000, 'it is asked to end');
    clock.advance(1_000);
    await banned;
    const pids = await Promise.all(
      ['pid', 'child'].map(async (name) => Number(await readFile(join(folder, 'out', name), 'utf8'))),
    );
    await until(() => !pids.some(isAlive), 'both are gone');
  });

  it('is killed when the agent ends, and counts as not carried out', async (context) => {
    const { folder, path } = await makeScript(context, 'echo > "$out/pid"; sleep 100');
    const ending = new AbortController();
    const command = await openUnderTest(`argv = ${path}`, { state: folder, signal: ending.signal });
    const banned = assert.rejects(command.ban('192.0.2.1'), failsWith('retry', /^killed, because the agent ends$/));
    await until(() => isThere(join(folder, 'out', 'pid')), 'the program runs');
    ending.abort();
    await banned;
    assert.deepEqual(await command.held(), []);
    await assert.rejects(command.ban('192.0.2.2'), failsWith('retry', /^not begun/));
  });
});

describe('many commands', () => {
  it('run at once up to the limit, never more', async (context) => {
    const body = 'mkdir "$out/$1"; ls "$out" > "$out/../count.$1"; sleep 0.05; rmdir "$out/$1"';
    const { folder, path } = await makeScript(context, body);
    const clock = new ManualClock();
    const { enforcer } = await openUnderTest(`argv = ${path} {network} {verb}\nat_once = 6`, { state: folder, clock });
    const bench = new ReconcilerBench(enforcer, clock);
    bench.want(...Array.from({ length: 60 }, (_, at) => entry(`192.0.2.${at}`, at)));
    bench.start();
    await bench.reaches('in-sync');
    await bench.stop();
    const counts = (await readdir(folder)).filter((name) => name.startsWith('count.'));
    const running = await Promise.all(
      counts.map(async (name) => (await readFile(join(folder, name), 'utf8')).split('\n').length - 1),
    );
    assert.equal(running.length, 60);
    assert.ok(Math.max(...running) > 1 && Math.max(...running) <= 6, `at most ${Math.max(...running)} ran at once`);
    const record = await readFile(join(folder, 'command-test.jsonl'), 'utf8');
    assert.equal(record.split('\n').length - 1, 60);
  });
});

describe('a command with a user', () => {
  const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root' };

  it('is denied when the agent may not become that user, with what it needs', () => {
    const user = { name: 'nobody', uid: 65_534, gid: 65_534 };
    const error = Object.assign(new Error('spawn EPERM'), { code: 'EPERM' });
    const failure = notStarted(error, { argv: ['/bin/true'], input: '', user, timeoutMs: 1_000 });
    const message = '/bin/true cannot run as nobody: the agent must be root with CAP_SETUID and CAP_SETGID';
    assert.deepEqual([failure.code, failure.message], ['denied', message]);
  });

  it('runs as that user, without further groups', needsRoot, async (context) => {
    const { folder, path } = await makeScript(context, 'id -u > "$out/id"; id -G >> "$out/id"');
    await (await openUnderTest(`argv = ${path}\nuser = nobody`, { state: folder })).ban('192.0.2.1');
    assert.equal(await readFile(join(folder, 'out', 'id'), 'utf8'), '65534\n65534\n');
  });
});

describe('the record of a command', () => {
  it('is begun anew when it is lost, and says so', async (context) => {
    const { folder, path } = await makeScript(context, recording);
    const command = await openUnderTest(`argv = ${path} {verb} {network}`, { state: folder });
    await command.ban('192.0.2.1');
    await rm(command.record);
    assert.deepEqual(await command.held(), []);
    const { level, msg } = command.lines.at(-1) ?? {};
    assert.deepEqual([level, msg], [40, 'the record of what the command has carried out is lost: it begins anew']);
  });

  for (const [name, damage, left] of [
    ['an unfinished line', (text: string) => text.slice(0, -5), ['192.0.2.1']],
    [
      'nonsense in its midst',
      (text: string) => text.replace('\n', '\n\0\0garbled\n{"verb":"x","network":"192.0.2.7"}\n'),
      ['192.0.2.1', '192.0.2.2'],
    ],
    ['nothing but nonsense', () => '\0'.repeat(4_096), []],
  ] as const) {
    it(`keeps what can be read of it beside ${name}, and says so`, async (context) => {
      const { folder, path } = await makeScript(context, recording);
      const command = await openUnderTest(`argv = ${path} {verb} {network}`, { state: folder });
      await command.ban('192.0.2.1');
      await command.ban('192.0.2.2');
      const damaged = damage(await readFile(command.record, 'utf8'));
      await writeFile(command.record, damaged);
      assert.deepEqual(await command.held(), left);
      assert.match(command.lines.at(-1)?.msg ?? '', /lines of the record cannot be read and are left out/);
      assert.equal(await readFile(`${command.record}.damaged`, 'utf8'), damaged);
      const said = command.lines.length;
      assert.deepEqual(await command.held(), left);
      assert.equal(command.lines.length, said);
    });
  }

  it('never says that the command holds what it was not told, whichever bit is flipped', async () => {
    const [a, b, c] = ['192.0.2.1', '203.0.113.70', '2001:db8::/64'].map(network);
    assert.ok(a && b && c);
    const text = [a, b, c].map((each) => formatCarriedOut('ban', each, plain)).join('') + formatCarriedOut('unban', b);
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const bytes = Buffer.from(text);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const { bans, unreadable } = parseRecord(bytes.toString());
      assert.ok(unreadable > 0, `bit ${bit}`);
      for (const [each, said] of bans) assert.deepEqual([[a, b, c].includes(each), said], [true, plain], `bit ${bit}`);
    }
  });

  it('is taken over from an agent that wrote no checksums, and has them from then on', async (context) => {
    const { folder, path } = await makeScript(context, recording);
    const record = join(folder, 'command-test.jsonl');
    const lineOf = (verb: string, each: string) => `${JSON.stringify({ verb, network: each, ...plain })}\n`;
    await writeFile(record, lineOf('ban', '192.0.2.1') + lineOf('ban', '192.0.2.2') + lineOf('unban', '192.0.2.1'));
    const command = await openUnderTest(`argv = ${path} {verb} {network}`, { state: folder });
    assert.deepEqual(await command.held(), ['192.0.2.2']);
    assert.equal(await readFile(record, 'utf8'), formatCarriedOut('ban', network('192.0.2.2'), plain));
    assert.deepEqual(command.lines, []);
  });

  it('does not grow for ever', async (context) => {
    const { folder, path } = await makeScript(context, 'exit 0');
    const command = await openUnderTest(`argv = ${path} {verb} {network}`, {
      state: folder,
      facts: { ...facts, labels: { site: 'fra1' } },
    });
    await command.ban('192.0.2.1');
    const line = await readFile(command.record, 'utf8');
    await writeFile(command.record, line.repeat(1_500));
    assert.deepEqual(await command.held(), ['192.0.2.1']);
    assert.equal(await readFile(command.record, 'utf8'), line);
  });

  it('is waited for: nothing more is carried out while it cannot be written', async (context) => {
    const { folder, path } = await makeScript(context, 'exit 0');
    const state = join(folder, 'state');
    await mkdir(state);
    const command = await openUnderTest(`argv = ${path} {verb} {network}`, { state, facts });
    await rm(state, { recursive: true });
    const unwritten = /^what the command has carried out cannot be written down or read$/;
    await assert.rejects(command.ban('192.0.2.1'), failsWith('retry', unwritten));
    await assert.rejects(command.held(), failsWith('retry', unwritten));
    await mkdir(state);
    assert.deepEqual(await command.held(), ['192.0.2.1']);
  });
});
