import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Outbox } from '../../client/outbox.ts';
import { hasCode } from '../../shared/errors.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { network } from '../server/samples.ts';
import { until } from '../until.ts';
import { actionLine, startServer } from './agent-under-test.ts';
import type { TestServer } from './test-server.ts';

const program = new URL('../../client/main.js', import.meta.url).pathname;

interface Place {
  readonly folder: string;
  readonly config: string;
  readonly spool: string;
  readonly socket: string;
}

async function makePlace(test: Ending, server: TestServer): Promise<Place> {
  const folder = await makeFolder(test);
  const [config, spool, socket] = ['client.ini', 'spool', 'agent.sock'].map((name) => join(folder, name));
  if (config === undefined || spool === undefined || socket === undefined) throw new Error('no place');
  for (const each of [spool, join(folder, 'state')]) await mkdir(each, { mode: 0o700 });
  const agent = `[agent]\nspool = ${spool}\nstate = ${folder}/state\nsocket = ${socket}\nfail2ban_client = /bin/false\n`;
  const main = `[server main]\nurl = ${server.url}\nclient = ${server.client}\nkey = ${server.keyText}\nplaintext = yes\n`;
  await writeFile(config, agent + main, { mode: 0o600 });
  return { folder, config, spool, socket };
}

/** The agent with a disk of 256 KiB of its own for its state. */
class Running {
  readonly #child: ChildProcess;
  readonly #state: string;
  said = '';

  /** @param prepare what a shell does before the agent starts; `$0` is the folder of its state */
  constructor(test: Ending, { folder, config }: Place, prepare = ':') {
    this.#state = join(folder, 'state');
    const script = `mount -t tmpfs -o size=256k,mode=700 tmpfs "$0"; ${prepare}; exec "$@"`;
    const command = ['sh', '-ec', script, this.#state, process.execPath, program, 'agent', '--config', config];
    const [first = '', ...words] = ['unshare', '--map-root-user', '--mount', ...command];
    this.#child = spawn(first, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (text: unknown): void => {
      this.said += String(text);
    };
    this.#child.stdout?.on('data', take);
    this.#child.stderr?.on('data', take);
    test.after(async () => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    });
  }

  /** Its exit code. */
  async end(): Promise<unknown> {
    const [code] = await once(this.#child, 'exit');
    return code;
  }

  /** Its state as it sees it. */
  get #disk(): string {
    return join('/proc', String(this.#child.pid), 'root', this.#state);
  }

  async fill(): Promise<void> {
    await writeFile(join(this.#disk, 'filler'), Buffer.alloc(300_000)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOSPC')) throw error;
    });
  }

  free(): Promise<void> {
    return rm(join(this.#disk, 'filler'));
  }
}

const ban = { verb: 'ban', jail: 'sshd', endsAt: null, source: 'jail', acceptedAt: 1 } as const;
const line = (verb: string, network: string): string =>
  `${actionLine(verb, 'sshd', network, 3_600).replaceAll(' ', '\t')}\n`;

async function faultsOf({ socket }: Place): Promise<readonly unknown[]> {
  const { faults } = await callLocalSocket(socket, 'status', {});
  return Array.isArray(faults) ? faults : [];
}

testWithEnding('what happened first takes effect first, though the disk was full meanwhile', async (context) => {
  const server = await startServer(context);
  const place = await makePlace(context, server);
  const agent = new Running(context, place);
  await server.when(() => server.logins === 1);
  const queue = join(place.spool, 'queue');
  for (let round = 1; round <= 3; round += 1) {
    const banned = `203.0.113.${round}`;
    await agent.fill();
    // More than the rest of the journal's last page takes.
    const others = Array.from({ length: 60 }, (_, index) => line('ban', `198.51.${round}.${index}`));
    await appendFile(queue, [line('ban', banned), ...others].join(''));
    await until(async () => (await faultsOf(place)).length > 0, 'the agent says that its disk is full');
    await appendFile(queue, line('unban', banned));
    const byHand = { verb: 'ban', jail: 'sshd', network: `192.0.2.${round}`, ttlSeconds: 600 };
    await callLocalSocket(place.socket, 'submit', byHand);
    await callLocalSocket(place.socket, 'submit', { ...byHand, verb: 'unban' });
    await appendFile(queue, line('ban', `203.0.113.10${round}`));
    await agent.free();
    await server.when(() => server.has('sshd', `203.0.113.10${round}`));
    assert.equal(server.has('sshd', banned), false, `round ${round}: fail2ban's unban counts`);
    assert.equal(server.has('sshd', `192.0.2.${round}`), false, `round ${round}: the unban by hand counts`);
    assert.equal(server.has('sshd', `198.51.${round}.59`), true);
  }
  await until(async () => (await faultsOf(place)).length === 0, 'all is well again');
  const said = agent.said.split('\n').filter((each) => each.includes('"level":50'));
  assert.ok(said.length <= 9, `once a fault, not with each try:\n${said.join('\n')}`);
  assert.match(said.join('\n'), /ENOSPC/);
  assert.match(said.join('\n'), /state\/journal/);
  assert.ok(existsSync(place.spool));
});

const full = 'head -c 300k /dev/zero > "$0/filler" 2>/dev/null || true';

testWithEnding('starts on a full disk, sends what it has, and goes on when there is room', async (context) => {
  const server = await startServer(context);
  const place = await makePlace(context, server);
  const kept = join(place.folder, 'kept');
  const before = await Outbox.open({ directory: kept, bells: new Map(), makeStreamId: () => 'stream-of-before' });
  const [taken] = await before.accept([{ ...ban, network: network('203.0.113.1') }]);
  await before.close();
  assert.equal(taken?.number, 1);
  const agent = new Running(context, place, `cp ${kept}/* "$0"; ${full}`);
  await server.when(() => server.has('sshd', '203.0.113.1'));
  await appendFile(join(place.spool, 'queue'), line('ban', '203.0.113.2').repeat(60));
  await agent.free();
  await server.when(() => server.has('sshd', '203.0.113.2'));
});

testWithEnding('ends with 75 and names the file when it can begin no journal', async (context) => {
  const server = await startServer(context);
  const agent = new Running(context, await makePlace(context, server), full);
  assert.equal(await agent.end(), 75);
  assert.match(agent.said, /state\/journal\.new.*ENOSPC|ENOSPC.*state\/journal\.new/);
});
