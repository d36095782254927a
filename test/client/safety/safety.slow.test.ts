import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import pino from 'pino';
import { hostSources } from '../../../client/safety/host-sources.ts';
import { NameFile } from '../../../client/safety/name-file.ts';
import { namedSource } from '../../../client/safety/named-source.ts';
import { Safety, type SafetySource } from '../../../client/safety/safety.ts';
import { serverSources } from '../../../client/safety/server-sources.ts';
import { systemClock } from '../../../shared/clock.ts';
import { nameResolver } from '../../../shared/dns/resolve-name.ts';
import { commandRunner, type RunCommand } from '../../../shared/host/command-runner.ts';
import { embeddedIpv4 } from '../../../shared/network/embedded-ipv4.ts';
import { covers, familyOf, type Network, prefixLengthOf } from '../../../shared/network.ts';
import { specialPurpose } from '../../../shared/special-networks.ts';
import { network } from '../../contracts/reconciler-bench.ts';
import { DnsServer } from '../../emulators/dns/dns-server.ts';
import { type Ending, lastFirst, makeFolder } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { noNames } from '../../server/samples.ts';
import { dnsName } from '../../shared/dns/dns-names.ts';
import { spell } from '../../shared/network/spellings.ts';
import { anyNetwork, closeNetwork } from '../../shared/networks.ts';
import { until } from '../../until.ts';
import { Namespace } from '../enforcers/nftables/namespace.ts';

const forever = new AbortController().signal;
const log = pino({ level: 'silent' });
const quiet = { resolve: noNames, log };
async function openNames(context: Ending): Promise<NameFile> {
  const file = await NameFile.open(join(await makeFolder(context), 'names'), log);
  // Behind what a source still writes.
  context.after(() => file.save([]));
  return file;
}

const onPath = commandRunner('/usr/sbin:/usr/bin:/sbin:/bin');

interface LogLine {
  readonly msg: string;
  readonly level: number;
}

function make(options: { readonly whitelist?: readonly string[]; readonly sources?: readonly SafetySource[] }) {
  const lines: LogLine[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  const clock = new ManualClock();
  const changes = { count: 0 };
  const safety = new Safety({
    whitelist: (options.whitelist ?? []).map(network),
    sources: options.sources ?? [],
    clock,
    log,
    onChange: () => {
      changes.count += 1;
    },
  });
  return { safety, lines, clock, changes };
}

function source(reason: string, read: () => readonly string[]): SafetySource & { read: () => Promise<Network[]> } {
  return { reason, read: () => Promise.resolve(read().map(network)) };
}

const codeOf = (safety: Safety, text: string) => safety.refuse(network(text))?.code;

describe('the safety of an agent', () => {
  it('refuses what no attacker can have', () => {
    const { safety } = make({});
    const special = [
      '127.0.0.1',
      '0.0.0.0/0',
      '169.254.1.1',
      '224.0.0.251',
      '255.255.255.255',
      '::1',
      'fe80::1',
      'ff02::1',
      '::/0',
    ];
    for (const text of special) assert.equal(codeOf(safety, text), 'special-purpose', text);
    for (const text of ['203.0.113.7', '10.0.0.1', '2001:db8::7']) assert.equal(codeOf(safety, text), undefined, text);
  });

  it('refuses what overlaps its whitelist, in either direction and through translations', () => {
    const { safety } = make({ whitelist: ['192.0.2.0/28', '2001:db8:1::/48'] });
    const refused = [
      '192.0.2.1',
      '192.0.2.0/24',
      '2001:db8:1:2::/64',
      '2001:db8::/32',
      '64:ff9b::192.0.2.3',
      '2002:c000:203::/48',
    ];
    for (const text of refused) assert.equal(codeOf(safety, text), 'whitelisted', text);
    for (const text of ['192.0.2.16', '2001:db8:2::1', '64:ff9b::192.0.2.16'])
      assert.equal(codeOf(safety, text), undefined);
    assert.deepEqual(safety.refuse(network('64:ff9b::192.0.2.3')), {
      code: 'whitelisted',
      detail: '64:ff9b::c000:203 overlaps 192.0.2.0/28, which [agent] whitelist of client.ini holds',
    });
  });

  it('refuses what its sources say, and tells when that changes', async () => {
    const found = { gateway: ['192.0.2.1'] };
    const { safety, changes } = make({ sources: [source('a gateway', () => found.gateway)] });
    assert.equal(codeOf(safety, '192.0.2.1'), undefined);
    await safety.refresh(forever);
    const detail = '192.0.2.0/24 overlaps 192.0.2.1, a gateway';
    assert.deepEqual(safety.refuse(network('192.0.2.0/24')), { code: 'protected', detail });
    await safety.refresh(forever);
    assert.equal(changes.count, 1);
    found.gateway = ['192.0.2.2'];
    await safety.refresh(forever);
    assert.equal(changes.count, 2);
    assert.equal(codeOf(safety, '192.0.2.1'), undefined);
  });

  it('keeps what a source said last when it fails or hangs, and says so once', async () => {
    const server = source('a server', () => ['192.0.2.1']);
    const other = { reason: 'another', read: () => server.read() };
    const { safety, lines, clock } = make({ sources: [server, other] });
    await safety.refresh(forever);
    const { read } = server;
    server.read = () => Promise.reject(new Error('no such name'));
    other.read = () => new Promise(() => undefined);
    for (let time = 0; time < 3; time += 1) {
      const refreshed = safety.refresh(forever);
      await until(() => clock.waiting === 1, 'only the one that hangs is waited for');
      clock.advance(5_000);
      await refreshed;
      assert.equal(codeOf(safety, '192.0.2.1'), 'protected');
    }
    assert.deepEqual(lines, [
      { level: 40, what: 'a server', error: 'no such name', msg: 'cannot be found out, what was known stays' },
      { level: 40, what: 'another', error: 'no answer in 5 s', msg: 'cannot be found out, what was known stays' },
    ]);
    server.read = read;
    other.read = read;
    await safety.refresh(forever);
    assert.deepEqual(
      lines.slice(2).map(({ msg }) => msg),
      ['found out again', 'found out again'],
    );
  });

  it('warns of a ban that would hit an SSH session, once as long as the session stands', async () => {
    const found = { sessions: ['203.0.113.7'] };
    const { safety, lines } = make({ sources: [{ ...source('a session', () => found.sessions), warns: true }] });
    await safety.refresh(forever);
    for (let time = 0; time < 3; time += 1) {
      assert.equal(codeOf(safety, '203.0.113.0/24'), 'protected');
      await safety.refresh(forever);
    }
    const line = {
      level: 40,
      network: '203.0.113.0/24',
      detail: '203.0.113.0/24 overlaps 203.0.113.7, a session',
      msg: 'a ban is not carried out here',
    };
    assert.deepEqual(lines, [line]);
    found.sessions = [];
    await safety.refresh(forever);
    found.sessions = ['203.0.113.7'];
    await safety.refresh(forever);
    safety.refuse(network('203.0.113.0/24'));
    assert.deepEqual(lines, [line, line]);
  });

  it('looks again each minute until it is ended', async () => {
    let reads = 0;
    const counting = source('x', () => {
      reads += 1;
      return [];
    });
    const { safety, clock } = make({ sources: [counting] });
    const ending = new AbortController();
    const running = safety.run(ending.signal);
    for (const expected of [1, 2, 3]) {
      await until(() => reads === expected && clock.nextInMs === 60_000, 'it waits for the next look');
      clock.advance(60_000);
    }
    ending.abort();
    await running;
  });

  it('refuses what is wider than any server of sense would send', () => {
    const { safety } = make({});
    for (const wide of ['64.0.0.0/3', '8.0.0.0/7', '2a00::/12', '2a00::/15'])
      assert.equal(safety.refuse(network(wide))?.code, 'too-wide', wide);
    for (const narrow of ['8.0.0.0/8', '2a00::/16']) assert.equal(safety.refuse(network(narrow)), undefined, narrow);
  });

  it('refuses exactly what is too wide or shares an address with something protected', async () => {
    const sets = fc.array(closeNetwork(), { maxLength: 6 });
    const property = fc.asyncProperty(
      sets,
      sets,
      fc.oneof(closeNetwork(), anyNetwork()),
      async (listed, found, asked) => {
        const { safety } = make({ whitelist: listed, sources: [source('x', () => found)] });
        await safety.refresh(forever);
        const looked = [asked, ...embeddedIpv4(asked)];
        const meets = (other: Network): boolean => looked.some((each) => covers(other, each) || covers(each, other));
        const isSpecial = looked.some((each) => specialPurpose.overlapping(each) !== undefined);
        const isWide = prefixLengthOf(asked) < (familyOf(asked) === 4 ? 8 : 16);
        assert.equal(
          safety.refuse(asked) !== undefined,
          isWide || isSpecial || listed.some(meets) || found.some(meets),
        );
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
});

describe('what an agent finds out of its host', () => {
  it('has the addresses of this very machine', async (context) => {
    const file = await openNames(lastFirst(context));
    const { safety, lines } = make({ sources: hostSources({ ...quiet, clock: systemClock, run: onPath, file }) });
    await safety.refresh(forever);
    assert.deepEqual(lines, []);
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    assert.ok(own.length > 0);
    for (const { address } of own) assert.ok(safety.refuse(network(address)), `${address} is not refused`);
  });

  it('has the gateways of every routing table, of both families', async (context) => {
    const ending = lastFirst(context);
    const namespace = await Namespace.make(ending);
    for (const words of [
      'link add up0 type veth peer name up1',
      'link set up0 up',
      'link set up1 up',
      'addr add 192.0.2.2/24 dev up0',
      'addr add 2001:db8:1::2/64 dev up0 nodad',
      'route add default via 192.0.2.1 dev up0 table 100',
      '-6 route add default via 2001:db8:1::1 dev up0 table 101',
    ])
      await namespace.ip(words);
    const run: RunCommand = (command) => onPath([...namespace.enter, ...command]);
    const parts = { ...quiet, clock: new ManualClock(), run, file: await openNames(ending) };
    const { safety } = make({ sources: hostSources(parts) });
    await safety.refresh(forever);
    for (const each of ['192.0.2.1', '2001:db8:1::1']) {
      const detail = `${each} overlaps ${each}, a default gateway of this host`;
      assert.deepEqual(safety.refuse(network(each)), { code: 'protected', detail });
    }
  });

  it('has gateways and sessions by the files of a host', async (context) => {
    const ending = lastFirst(context);
    const folder = await makeFolder(ending);
    const places = { network: join(folder, 'net'), ssh: join(folder, 'ssh'), logins: join(folder, 'logins') };
    for (const part of [places.network, join(places.ssh, 'sshd_config.d'), places.logins])
      await mkdir(part, { recursive: true });
    await writeFile(
      join(places.network, 'route'),
      'Iface Destination\neth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n',
    );
    await writeFile(
      join(places.network, 'tcp'),
      'sl\n0: 0A0200C0:0016 077100CB:C8F2 01\n1: 0A0200C0:08AE 087100CB:C8F2 01\n',
    );
    await writeFile(join(places.ssh, 'sshd_config'), 'Include /etc/ssh/sshd_config.d/*.conf\n');
    await writeFile(join(places.ssh, 'sshd_config.d', 'port.conf'), 'Port 2222\n');
    await writeFile(join(places.logins, '3'), 'STATE=active\nREMOTE_HOST=203.0.113.8\n');
    // Without iproute2 there are the kernel's own files.
    const parts = { ...quiet, clock: new ManualClock(), run: commandRunner('/nowhere'), file: await openNames(ending) };
    const { safety, lines } = make({ sources: hostSources(parts, places) });
    await safety.refresh(forever);
    assert.equal(
      safety.refuse(network('192.0.2.1'))?.detail,
      '192.0.2.1 overlaps 192.0.2.1, a default gateway of this host',
    );
    assert.equal(codeOf(safety, '203.0.113.8'), 'protected');
    assert.equal(codeOf(safety, '203.0.113.7'), undefined);
    await rm(places.network, { recursive: true });
    await safety.refresh(forever);
    assert.equal(codeOf(safety, '192.0.2.1'), 'protected');
    assert.equal(lines.filter(({ msg }) => msg.startsWith('cannot be found out')).length, 2);
  });
});

describe('names that an agent protects', () => {
  it('are those of its whitelist and time servers, as DNS says now', async (context) => {
    const ending = lastFirst(context);
    const dns = await DnsServer.start(ending);
    dns.zone.set('backup.example.org', [{ type: 'A', value: '203.0.113.7' }]);
    dns.zone.set('down.example.org', 'silence');
    const clock = new ManualClock();
    const resolve = nameResolver({ servers: [dns.address], hostsFile: '/dev/null' });
    const parts = { ...quiet, clock, resolve, file: await openNames(ending) };
    const words = ['backup.example.org', '192.0.2.123', 'not a name'];
    const { safety } = make({ sources: [namedSource('a time server of this host', async () => words, parts)] });
    await safety.refresh(forever);
    for (const [form, each] of spell(network('203.0.113.7'))) assert.equal(codeOf(safety, each), 'protected', form);
    assert.equal(codeOf(safety, '192.0.2.123'), 'protected');
    dns.zone.set('backup.example.org', [{ type: 'A', value: '203.0.113.8' }]);
    clock.advance(300_000);
    await safety.refresh(forever);
    assert.deepEqual([codeOf(safety, '203.0.113.7'), codeOf(safety, '203.0.113.8')], [undefined, 'protected']);
  });

  it('do not wait for one that nobody answers about', async (context) => {
    const ending = lastFirst(context);
    const dns = await DnsServer.start(ending);
    dns.zone.set('backup.example.org', [{ type: 'A', value: '203.0.113.7' }]);
    dns.zone.set('down.example.org', 'silence');
    const clock = new ManualClock();
    const resolve = nameResolver({ servers: [dns.address], hostsFile: '/dev/null' });
    const parts = { ...quiet, clock, resolve, file: await openNames(ending) };
    const source = namedSource('x', async () => ['down.example.org', 'backup.example.org'], parts);
    const reading = source.read(new AbortController().signal);
    await until(() => dns.questions.length >= 4 && clock.waiting > 0, 'all are asked about');
    await until(() => {
      clock.advance(3_000);
      return true;
    }, 'the time is up');
    const first = await reading;
    const second = source.read(new AbortController().signal);
    clock.advance(0);
    await until(() => clock.waiting > 0, 'it waits again');
    clock.advance(3_000);
    assert.deepEqual([...new Set([...first, ...(await second)])], ['203.0.113.7']);
  });
});

describe('names that an agent protected before', () => {
  /** What a source of these words says at its first reading, while no resolver answers. */
  async function firstRead(dns: DnsServer, file: NameFile): Promise<readonly Network[]> {
    const clock = new ManualClock();
    const resolve = nameResolver({ servers: [dns.address], hostsFile: '/dev/null' });
    const source = namedSource('x', async () => ['backup.example.org'], { clock, log, resolve, file });
    return await source.read(forever);
  }

  it('hold from the start without DNS, as it said last, and a damaged line is told and holds nothing', async (context) => {
    const ending = lastFirst(context);
    const dns = await DnsServer.start(ending);
    const path = join(await makeFolder(ending), 'names');
    dns.zone.set('backup.example.org', [
      { type: 'A', value: '203.0.113.7' },
      { type: 'AAAA', value: '2001:db8:0:0:0:0:0:7' },
    ]);
    const both = ['203.0.113.7', '2001:db8::7'];
    assert.deepEqual(await firstRead(dns, await NameFile.open(path, log)), both);
    await until(() => existsSync(path), 'they are kept');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    dns.zone.set('backup.example.org', 'SERVFAIL');
    assert.deepEqual(await firstRead(dns, await NameFile.open(path, log)), both);
    const text = await readFile(path, 'utf8');
    for (const at of [0, 12, text.indexOf('113'), text.length - 4]) {
      const other = text[at] === '8' ? '9' : '8';
      await writeFile(path, `${text.slice(0, at)}${other}${text.slice(at + 1)}`);
      const file = await NameFile.open(path, log);
      assert.match(file.damage.join(), /names: 1 of 1 line damaged: what those names mean is unknown/);
      assert.deepEqual(await firstRead(dns, file), []);
      // Behind what that reading keeps.
      await file.save(file.kept);
    }
  });

  it('are no reason not to start where their file cannot be read or written', async (context) => {
    const ending = lastFirst(context);
    const path = join(await makeFolder(ending), 'names');
    await mkdir(path);
    const file = await NameFile.open(path, log);
    assert.match(file.damage.join(), /names cannot be read \(.*EISDIR/);
    await file.save([{ name: dnsName('backup.example.org'), networks: [network('203.0.113.7')] }]);
    assert.deepEqual((await NameFile.open(path, log)).kept, []);
  });
});

describe('the servers of an agent', () => {
  it('are not waited for once nobody wants to know', async () => {
    const [byName] = serverSources([{ name: 'gone', host: 'name.invalid', peer: () => undefined }]);
    await assert.rejects(async () => await byName?.read(AbortSignal.abort(new Error('called off'))), /called off/);
  });

  it('are protected by name, by address, and as they are connected now', async () => {
    const peer = { address: '::ffff:198.51.100.9' };
    const { safety } = make({
      sources: serverSources([
        { name: 'main', host: 'localhost', peer: () => peer.address },
        { name: 'other', host: '2001:db8::5', peer: () => undefined },
        { name: 'gone', host: 'name.invalid', peer: () => undefined },
      ]),
    });
    await safety.refresh(AbortSignal.timeout(10_000));
    const detail = '198.51.100.9 overlaps 198.51.100.9, where the server main is connected';
    assert.equal(safety.refuse(network('198.51.100.9'))?.detail, detail);
    assert.equal(codeOf(safety, '2001:db8::/64'), 'protected');
    peer.address = '198.51.100.10';
    await safety.refresh(AbortSignal.timeout(10_000));
    assert.equal(codeOf(safety, '198.51.100.9'), undefined);
  });
});
