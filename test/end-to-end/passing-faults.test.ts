import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { makeCertificates } from '../certificates.ts';
import { type Ending, lastFirst, makeFolder } from '../ending.ts';
import { runCommand } from './program.ts';
import { SmallDisk } from './small-disk.ts';
import { suiteMaxMs } from './wait-until.ts';

/** Where a program finds its files when it starts. */
interface Places {
  readonly disk: SmallDisk;
  readonly config: string;
  /** Its state: the ledger, or the agent's folder. */
  readonly state: string;
  readonly socket: string;
  /** Writes its configuration with other lines in place of these keys. */
  readonly set: (keys: Readonly<Record<string, string>>) => Promise<void>;
}

interface Fault {
  readonly name: string;
  readonly make: (places: Places, ending: Ending) => Promise<unknown>;
  readonly code: 75 | 78;
  /** What the sentence names. */
  readonly names: (places: Places) => string;
}

const fullDisk: Fault = {
  name: 'a full disk',
  make: ({ disk }) => disk.fill(),
  code: 75,
  names: ({ state }) => state,
};

const serverFaults: readonly Fault[] = [
  fullDisk,
  {
    name: 'a ledger whose mount is missing',
    make: ({ set }) => set({ database: '/nowhere/mount/ledger.db' }),
    code: 75,
    names: () => '/nowhere/mount',
  },
  {
    name: 'a socket whose folder is missing',
    make: ({ set }) => set({ socket: '/nowhere/run/admin.sock' }),
    code: 75,
    names: () => '/nowhere/run',
  },
  {
    name: 'a certificate whose mount is missing',
    make: ({ set }) => set({ certificate: '/nowhere/pve/pve-ssl.pem' }),
    code: 75,
    names: () => '/nowhere/pve/pve-ssl.pem',
  },
  {
    name: 'a whitelist whose mount is missing',
    make: ({ set }) => set({ whitelist_file: '/nowhere/whitelist' }),
    code: 75,
    names: () => '/nowhere/whitelist',
  },
  {
    name: 'a ledger that another program locks',
    make: ({ state }, ending) => lock(state, ending),
    code: 75,
    names: ({ state }) => state,
  },
  {
    name: 'a port that is taken',
    make: async ({ set }, ending) => set({ port: String(await takePort(ending)) }),
    code: 75,
    names: () => '[server] port',
  },
  {
    name: 'a ledger that is no ledger',
    make: async ({ state }) => writeFile(state, 'this is a text and no ledger\n'.repeat(50)),
    code: 78,
    names: ({ state }) => state,
  },
  {
    name: 'a ledger whose path goes through a file',
    make: ({ set, config }) => set({ database: join(config, 'ledger.db') }),
    code: 78,
    names: ({ config }) => config,
  },
  {
    name: 'a wrong key',
    make: ({ set }) => set({ prot: '1514' }),
    code: 78,
    names: ({ config }) => config,
  },
];

const agentFaults: readonly Fault[] = [
  fullDisk,
  {
    name: 'a whitelist whose mount is missing',
    make: ({ set }) => set({ whitelist_file: '/nowhere/whitelist' }),
    code: 75,
    names: () => '/nowhere/whitelist',
  },
  {
    name: 'another agent that runs already',
    make: ({ socket }, ending) => serve(socket, ending),
    code: 75,
    names: ({ socket }) => socket,
  },
  {
    name: 'a wrong key',
    make: ({ set }) => set({ sopol: '/x' }),
    code: 78,
    names: ({ config }) => config,
  },
];

describe('the server at its start', { timeout: suiteMaxMs }, () => {
  for (const fault of serverFaults) {
    it(`ends with ${fault.code} at ${fault.name}, and names it`, (context) =>
      meet(fault, 'server', ['run'], lastFirst(context)));
  }
});

describe('the agent at its start', { timeout: suiteMaxMs }, () => {
  for (const fault of agentFaults) {
    it(`ends with ${fault.code} at ${fault.name}, and names it`, (context) =>
      meet(fault, 'client', ['agent'], lastFirst(context)));
  }
});

async function meet(
  fault: Fault,
  program: 'server' | 'client',
  words: readonly string[],
  ending: Ending,
): Promise<void> {
  const places = program === 'server' ? await serverPlaces(ending) : await agentPlaces(ending);
  await fault.make(places, ending);
  const { code, stdout, stderr } = await runCommand(program, [...words, '--config', places.config]);
  assert.equal(code, fault.code, stdout + stderr);
  assert.ok(stderr.includes(fault.names(places)), `${fault.names(places)} is not in: ${stderr}`);
  assert.doesNotMatch(stderr, /^\s+at /m);
}

async function serverPlaces(ending: Ending): Promise<Places> {
  const dir = await makeFolder(ending);
  const disk = await SmallDisk.mount(ending, 1);
  const { certFile, keyFile } = await makeCertificates(join(dir, 'tls'));
  const config = join(dir, 'server.ini');
  const state = join(disk.dir, 'ledger.db');
  const socket = join(dir, 'admin.sock');
  const whole = {
    ...{ listen: '127.0.0.1', port: '0', public_host: '127.0.0.1', certificate: certFile, certificate_key: keyFile },
    ...{ database: state, socket },
  };
  const set = async (keys: Readonly<Record<string, string>>): Promise<void> => {
    const { whitelist_file, ...server } = { ...whole, whitelist_file: undefined, ...keys };
    const policy = whitelist_file === undefined ? [] : ['[policy]', `whitelist_file = ${whitelist_file}`];
    const lines = Object.entries(server).map(([key, value]) => `${key} = ${value}`);
    await writeFile(config, ['[server]', ...lines, ...policy, ''].join('\n'));
  };
  await set({});
  return { disk, config, state, socket, set };
}

async function agentPlaces(ending: Ending): Promise<Places> {
  const dir = await makeFolder(ending);
  const disk = await SmallDisk.mount(ending, 1);
  const state = join(disk.dir, 'state');
  await mkdir(state);
  const config = join(dir, 'client.ini');
  const socket = join(dir, 'agent.sock');
  const whole = { spool: join(dir, 'spool'), state, socket, fail2ban_client: '/bin/false' };
  const set = async (keys: Readonly<Record<string, string>>): Promise<void> => {
    const lines = Object.entries({ ...whole, ...keys }).map(([key, value]) => `${key} = ${value}`);
    const server = ['url = ws://127.0.0.1:9', 'client = web1', `key = abcdefgh.${'A'.repeat(43)}`, 'plaintext = yes'];
    await writeFile(config, ['[agent]', ...lines, '[server main]', ...server, ''].join('\n'), { mode: 0o600 });
  };
  await set({});
  return { disk, config, state, socket, set };
}

/** A writer that holds SQLite's lock of a new ledger. */
async function lock(file: string, ending: Ending): Promise<void> {
  const script = `PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; SELECT 'held';\n`;
  const holder = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  ending.after(() => endOf(holder));
  const held = once(holder.stdout, 'data');
  holder.stdin.write(script);
  await held;
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function takePort(ending: Ending): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.after(async () => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function serve(socket: string, ending: Ending): Promise<void> {
  await mkdir(dirname(socket), { recursive: true });
  const server = createServer().listen(socket);
  await once(server, 'listening');
  ending.after(async () => void server.close());
}
