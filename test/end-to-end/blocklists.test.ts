import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ipv4From, type Network, parseNetwork } from '../../shared/network.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { reportsOf, writeLedger } from '../bench/write-ledger.ts';
import { makeCertificates } from '../certificates.ts';
import { Namespace } from '../client/enforcers/nftables/namespace.ts';
import { attackers, makeTopology, type Topology, targetAddresses } from '../client/enforcers/nftables/topology.ts';
import { lastFirst, makeFolder } from '../ending.ts';
import { network } from '../server/samples.ts';
import { ServerProcess } from './server-process.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const port = 7_000;
const [single4, within4] = attackers[4];
const [single6, within6] = attackers[6];
/** Around the second attacker of each family, and a narrower one inside. */
const wide = ['192.0.2.128/25', '2001:db8::8:0/112'].map(network);
const covered = ['192.0.2.128/26', within4, '2001:db8::8:129'].map(network);
const uncovered = [single4, single6, '64:ff9b::b00:1', '64:ff9b::b00:0', ...wide].map(network);
/** 11.0.0.0 and on: 60,000 that become whole CIDRs, and 40,000 that do not. */
const many: readonly Network[] = Array.from({ length: 100_000 }, (_, index) =>
  ipv4From(0x0b_00_00_00 + (index < 60_000 ? index : 2 * index), 32),
);
const commandMaxMs = 240_000;

/** Lists of a server in a process of its own, loaded by the real programs. */
describe('a blocklist', { timeout: suiteMaxMs }, () => {
  const ending = lastFirst({ after });
  let server: ServerProcess;
  let list: (path: string) => Promise<string>;
  let leave: (path: string) => Promise<void>;

  before(async () => {
    const dir = await makeFolder(ending);
    const certificates = await makeCertificates(join(dir, 'tls'));
    await writeLedger(join(dir, 'server/ledger.db'), [
      ...reportsOf(many, 20).map((report) => ({ ...report, jail: 'bulk' })),
      ...reportsOf([...uncovered, ...covered]),
    ]);
    server = await ServerProcess.start({ dir: join(dir, 'server'), certificates });
    ending.after(() => server.stop());
    const { token } = await server.ask('client', 'add', 'edge', '--http');
    const ca = await readFile(certificates.caFile);
    list = (path) => fetchList({ path, ca, port: server.port, token: String(token) });
    leave = (path) => beginToFetch({ path, ca, port: server.port, token: String(token) });
  });

  it('that readers give up in the middle of is there for the next', async () => {
    for (let reader = 0; reader < 20; reader += 1) await leave('/blocklist.json');
    assert.ok((await list('/blocklist.json')).endsWith(']}\n'));
  });

  describe('loaded by nft', () => {
    let topology: Topology;

    before(async () => {
      topology = await makeTopology('host', ending);
      await topology.target.startPeer({ task: 'listen', port }).said(/listening/);
      await run(topology.filter, ['nft', '-f', '-'], ruleset);
    });

    it('fills the sets with exactly what is banned, again and again', async () => {
      for (const path of ['/blocklist.nft', '/blocklist.nft', '/blocklist.nft?aggregate']) {
        await run(topology.filter, ['nft', '-f', '-'], await list(path));
        const held = [
          ...(await elementsOf(topology.filter, 'banned4')),
          ...(await elementsOf(topology.filter, 'banned6')),
        ];
        if (path.endsWith('aggregate')) assert.ok(held.length < 41_000, `${held.length} elements`);
        else assert.deepEqual(held.sort(), [...many, ...uncovered].sort());
      }
    });

    it('drops packets of what is banned, alone or within a network, until the next list after its unban', async () => {
      await load();
      await becomes('blocked', [single4, within4, single6, within6]);
      await unban([single4, single6, ...wide]);
      await becomes('open', [single4, single6]);
      // By their own bans, which the wider ones covered.
      await becomes('blocked', [within4, within6]);
      await unban(covered);
      await becomes('open', [within4, within6]);
    });

    it('takes everything off after panic, and fills the sets again after resume', async () => {
      await server.command('ban', single4, '--jail', 'sshd');
      await server.command('panic');
      await load();
      assert.deepEqual(await elementsOf(topology.filter, 'banned4'), []);
      await server.command('resume');
      await load();
      await becomes('blocked', [single4]);
    });

    /** All but the hundred thousand, which would make each of these loads last. */
    async function load(): Promise<void> {
      await run(topology.filter, ['nft', '-f', '-'], await list('/blocklist.nft?jail=sshd'));
    }

    async function unban(networks: readonly string[]): Promise<void> {
      for (const each of networks) await server.command('unban', each);
      await load();
    }

    async function becomes(state: 'open' | 'blocked', sources: readonly string[]): Promise<void> {
      for (const source of sources)
        await waitUntil(`${source} is ${state}`, async () => (await probe(source)) === state);
    }

    async function probe(source: string): Promise<string> {
      const host = targetAddresses[source.includes(':') ? 6 : 4];
      const started = topology.attacker.startPeer({ task: 'probe', port, host, localAddress: source });
      const [said] = await started.said(/open|blocked|failed.*/);
      await started.ended;
      return said;
    }
  });

  describe('restored by ipset', () => {
    it('makes the sets, and replaces them at once, whatever was left behind', async () => {
      const namespace = await Namespace.make(ending);
      // Cut off in the middle, as by a reboot of the reader.
      const whole = await list('/blocklist.ipset');
      await run(namespace, ['ipset', 'restore'], whole.split('\n').slice(0, 5_000).join('\n'));
      assert.deepEqual(await membersOf(namespace, 'banned4'), []);
      for (const path of ['/blocklist.ipset', '/blocklist.ipset?aggregate', '/blocklist.ipset']) {
        const expected = (await list(path.replace('ipset', 'txt'))).split('\n').filter((line) => !/^(#|$)/.test(line));
        await run(namespace, ['ipset', 'restore'], await list(path));
        const held = [...(await membersOf(namespace, 'banned4')), ...(await membersOf(namespace, 'banned6'))];
        assert.deepEqual(held.sort(), expected.sort());
      }
      const names = await run(namespace, ['ipset', 'list', '-n']);
      assert.deepEqual(names.trim().split('\n').sort(), ['banned4', 'banned6']);
    });
  });
});

/** As README says. */
const ruleset = `
table inet blocklist {
  set banned4 { type ipv4_addr; flags interval, timeout; }
  set banned6 { type ipv6_addr; flags interval, timeout; }
  chain prerouting {
    type filter hook prerouting priority -300;
    ip saddr @banned4 drop
    ip6 saddr @banned6 drop
  }
}
`;

interface Asked {
  readonly path: string;
  readonly ca: Buffer;
  readonly port: number;
  readonly token: string;
}

function fetchList({ token, ...asked }: Asked): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ host: '127.0.0.1', headers, ...asked }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** Asks for a list and goes away when its first piece is here. */
function beginToFetch({ token, ...asked }: Asked): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const asking = get({ host: '127.0.0.1', headers, agent: false, ...asked }, (response) => {
      response.once('data', () => {
        asking.destroy();
        resolve();
      });
      response.on('error', () => undefined);
    });
    asking.on('error', reject);
  });
}

/** Runs a program in a namespace. @returns what it printed @throws with what it complained of */
function run({ enter }: Namespace, command: readonly string[], input = ''): Promise<string> {
  const [program, ...lead] = enter;
  return new Promise((resolve, reject) => {
    const options = { timeout: commandMaxMs, maxBuffer: 100_000_000 };
    const child = execFile(program, [...lead, ...command], options, (error, stdout) =>
      error === null ? resolve(stdout) : reject(new Error(error.message.slice(0, 2_000))),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** What a set of the table holds, in our own spelling. */
async function elementsOf(namespace: Namespace, set: string): Promise<Network[]> {
  const listed: unknown = JSON.parse(await run(namespace, ['nft', '-j', 'list', 'set', 'inet', 'blocklist', set]));
  const items = isObject(listed) && Array.isArray(listed['nftables']) ? listed['nftables'] : [];
  const held = items.find((item) => isObject(item) && isObject(item['set']))?.set?.elem ?? [];
  return Array.isArray(held) ? held.map(elementNetwork) : [];
}

/** `{"elem": {"val": "192.0.2.1" or {"prefix": {"addr", "len"}}, "timeout", …}}` */
function elementNetwork(item: unknown): Network {
  const value = isObject(item) && isObject(item['elem']) ? item['elem']['val'] : item;
  const prefix = isObject(value) && isObject(value['prefix']) ? value['prefix'] : { addr: value, len: undefined };
  const text = prefix['len'] === undefined ? String(prefix['addr']) : `${prefix['addr']}/${prefix['len']}`;
  const found = parseNetwork(text);
  assert.ok(found !== undefined, `${JSON.stringify(item)} is not a network`);
  return found;
}

async function membersOf(namespace: Namespace, set: string): Promise<Network[]> {
  const saved = await run(namespace, ['ipset', 'save', set]);
  return Array.from(saved.matchAll(/^add \S+ (\S+)/gm), ([, text = '']) => network(text));
}
