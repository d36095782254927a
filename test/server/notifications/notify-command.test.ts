import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { type Batch, DeliveryError } from '../../../server/notifications/channel.ts';
import { openNotifyCommand } from '../../../server/notifications/notify-command.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { makeScript, readCalls, recording } from '../../client/enforcers/command/command-under-test.ts';
import { waitUntil } from '../../end-to-end/wait-until.ts';
import { testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';

const batch: Batch = {
  id: 'start-1',
  dropped: 0,
  events: [
    {
      id: 'start-2',
      told: {
        at: 1_000,
        count: 1,
        notice: {
          kind: 'refused',
          network: '192.0.2.1',
          client: 'web1',
          jail: 'sshd',
          code: 'protected',
          detail: '$(id)\n"',
        },
      },
    },
    { id: 'start-3', told: { at: 2_000, count: 1, notice: { kind: 'test' } } },
  ],
};

function send(
  argv: readonly string[],
  clock: Clock = systemClock,
  signal = new AbortController().signal,
): Promise<void> {
  const settings = { kind: 'notify-command', name: 'test', filter: { kinds: new Set([]), jails: [] } } as const;
  const command = openNotifyCommand({ ...settings, argv, timeoutMs: 10_000 }, { clock, serverName: 'pve1' });
  return command.send(batch, signal);
}

async function failureOf(sending: Promise<void>): Promise<DeliveryError> {
  const error: unknown = await sending.then(
    () => assert.fail('it was carried out'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof DeliveryError, String(error));
  return error;
}

async function pidIn(folder: string): Promise<number> {
  let text = '';
  await waitUntil('the program runs', async () => {
    text = await readFile(join(folder, 'out', 'pid'), 'utf8').catch(() => '');
    return text.endsWith('\n');
  });
  return Number(text);
}

const isAlive = (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !stat.includes(') Z '),
    () => false,
  );

describe('a notify-command', { concurrency: 2 }, () => {
  testWithEnding('gets a line of JSON for each event, and its arguments as they are', async (ending) => {
    const { folder, path } = await makeScript(ending, recording);
    await send([path, 'two words', '$(id)', '{network}', '']);
    const { argv, stdin } = await readCalls(folder);
    assert.deepEqual(argv, [['two words', '$(id)', '{network}', '']]);
    assert.deepEqual(stdin, [
      {
        ...{ server: 'pve1', dropped: 0, id: 'start-2', at: 1_000, count: 1, kind: 'refused' },
        ...{ network: '192.0.2.1', client: 'web1', jail: 'sshd', code: 'protected', detail: '$(id)\n"' },
        text: 'a ban of 192.0.2.1 by sshd on web1 was refused: $(id)\n"',
      },
      {
        ...{ server: 'pve1', dropped: 0, id: 'start-3', at: 2_000, count: 1, kind: 'test' },
        text: 'this is a test: nothing has happened',
      },
    ]);
  });

  testWithEnding('need not read what it gets', async (ending) => {
    const { path } = await makeScript(ending, 'exec <&-; exit 0');
    await send([path]);
  });

  const ends: readonly (readonly [body: string, code: DeliveryError['code'], message: RegExp])[] = [
    ['echo no disk >&2; exit 1', 'retry', /^it ended with 1: no disk$/],
    ['exit 2', 'retry', /^it ended with 2$/],
    ['exit 119', 'rejected', /^it ended with 119$/],
    ['kill -9 $$', 'retry', /^it was ended by SIGKILL$/],
    ['head -c 100000 /dev/zero | tr "\\0" x; exit 1', 'retry', /^it ended with 1: x{4096} … and 95904 bytes more$/],
  ];
  for (const [body, code, message] of ends) {
    testWithEnding(`whose script is ${body} has not been told: ${code}`, async (ending) => {
      const { path } = await makeScript(ending, body);
      const failure = await failureOf(send([path]));
      assert.equal(failure.code, code);
      assert.match(failure.message, message);
    });
  }

  testWithEnding('that hangs is killed when its time is up, with what it started', async (ending) => {
    const { folder, path } = await makeScript(ending, 'trap "" TERM\nsleep 1000 &\necho $! > "$out/pid"\nwait');
    const clock = new ManualClock();
    const failure = failureOf(send([path], clock));
    const pid = await pidIn(folder);
    clock.advance(10_000);
    await waitUntil('it is asked to end first', () => clock.nextInMs === 1_000);
    clock.advance(1_000);
    const message = await Promise.race([failure.then((each) => each.message), keepAdvancing(clock)]);
    assert.equal(message, 'it did not end in 10 s and was killed');
    await waitUntil('what it started is gone too', async () => !(await isAlive(pid)));
  });

  testWithEnding('that runs when the server ends is killed', async (ending) => {
    const { folder, path } = await makeScript(ending, 'echo $$ > "$out/pid"\nexec sleep 1000');
    const stopping = new AbortController();
    const failure = failureOf(send([path], systemClock, stopping.signal));
    const pid = await pidIn(folder);
    stopping.abort();
    assert.equal((await failure).message, 'it was killed, because the server ends');
    await waitUntil('it is gone', async () => !(await isAlive(pid)));
  });

  testWithEnding('that is not there says so', async () => {
    assert.match((await failureOf(send(['/nowhere/tell']))).message, /^\/nowhere\/tell cannot be started: .*ENOENT/);
  });
});

/** Lets short waits pass that come one after the other. Never answers. */
async function keepAdvancing(clock: ManualClock): Promise<string> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (clock.waiting === 0) return await new Promise(() => undefined);
    clock.advance(clock.nextInMs ?? 0);
  }
}
