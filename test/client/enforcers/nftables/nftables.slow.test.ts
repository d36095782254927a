import assert from 'node:assert/strict';
import { openNftables } from '../../../../client/enforcers/nftables/nftables.ts';
import type { Hook } from '../../../../client/enforcers/nftables/nftables-settings.ts';
import { nftRunner } from '../../../../client/enforcers/nftables/run-nft.ts';
import { systemClock } from '../../../../shared/clock.ts';
import type { Enforcer } from '../../../../shared/enforcer.ts';
import { EnforcerError } from '../../../../shared/errors.ts';
import { addresses } from '../../../bench/networks.ts';
import { entry } from '../../../contracts/reconciler-bench.ts';
import { RunningProcess } from '../../../end-to-end/running-process.ts';
import { testWithEnding } from '../../../ending.ts';
import { Namespace } from './namespace.ts';
import { owner } from './sample-owner.ts';

const signal = new AbortController().signal;
type Enter = readonly [string, ...string[]];

function open(enter: Enter, hooks: readonly Hook[] = ['host'], program = 'nft'): Enforcer {
  return openNftables({ hooks }, { clock: systemClock, run: nftRunner([...enter, program]), owner });
}

async function add(enforcer: Enforcer, ...texts: readonly string[]): Promise<void> {
  await enforcer.apply(
    texts.map((text) => ({ verb: 'add', entry: entry(text) })),
    signal,
  );
}

async function listed(enforcer: Enforcer): Promise<string[]> {
  return (await enforcer.list(signal)).map(({ network }) => network).sort();
}

testWithEnding('looks for each prefix length in use with one rule, in raw', async (ending) => {
  const namespace = await Namespace.make(ending);
  const enforcer = open(namespace.enter);
  await add(enforcer, '192.0.2.1', '198.51.100.0/24', '203.0.113.0/25', '2001:db8::/33', '2001:db8:8000::1');
  await add(enforcer, '198.51.101.0/24');
  const text = await namespace.run('nft', 'list chain inet fail2networkban prerouting');
  assert.deepEqual(
    text.split('\n').map((line) => line.trim()),
    [
      'table inet fail2networkban {',
      'chain prerouting {',
      'type filter hook prerouting priority raw; policy accept;',
      'ip saddr @ipv4_32 drop comment "ipv4_32"',
      'ip saddr & 255.255.255.0 == @ipv4_24 drop comment "ipv4_24"',
      'ip saddr & 255.255.255.128 == @ipv4_25 drop comment "ipv4_25"',
      'ip6 saddr & ffff:ffff:8000:: == @ipv6_33 drop comment "ipv6_33"',
      'ip6 saddr @ipv6_128 drop comment "ipv6_128"',
      '}',
      '}',
      '',
    ],
  );
});

for (const [what, damage] of [
  ['the whole ruleset is flushed', 'flush ruleset'],
  ['the chain is flushed', 'flush chain inet fail2networkban prerouting'],
  ['the chain is deleted', 'delete chain inet fail2networkban prerouting'],
] as const) {
  testWithEnding(`blocks again after a list when ${what}`, async (ending) => {
    const namespace = await Namespace.make(ending);
    const enforcer = open(namespace.enter);
    await add(enforcer, '192.0.2.1');
    await namespace.run('nft', damage);
    const held = await listed(enforcer);
    if (held.length === 0) await add(enforcer, '192.0.2.1');
    const text = await namespace.run('nft', 'list table inet fail2networkban');
    assert.match(text, /elements = \{ 192\.0\.2\.1 \}/);
    assert.match(text, /hook prerouting priority raw;/);
    assert.match(text, /ip saddr @ipv4_32 drop/);
  });
}

testWithEnding('says that it does not know when its table goes between two calls, and lists again', async (ending) => {
  const namespace = await Namespace.make(ending);
  const enforcer = open(namespace.enter);
  await add(enforcer, '192.0.2.1');
  await namespace.run('nft', 'delete table inet fail2networkban');
  await assert.rejects(add(enforcer, '192.0.2.2'), hasErrorCode('retry', /No such file or directory/));
  assert.deepEqual(await listed(enforcer), []);
  await add(enforcer, '192.0.2.2');
  assert.deepEqual(await listed(enforcer), ['192.0.2.2']);
});

testWithEnding('takes what is blocked along when the hooks change', async (ending) => {
  const namespace = await Namespace.make(ending);
  const texts = ['192.0.2.1', '198.51.100.0/24', '2001:db8::/64'];
  await add(open(namespace.enter, ['host']), ...texts);
  for (const hooks of [['host', 'bridge'], ['bridge'], ['host']] as const) {
    assert.deepEqual(await listed(open(namespace.enter, hooks)), texts);
    const tables = await namespace.run('nft', 'list tables');
    const families = hooks.map((hook) => (hook === 'host' ? 'inet' : 'bridge'));
    assert.deepEqual(
      tables.trim().split('\n'),
      families.map((family) => `table ${family} fail2networkban`),
    );
    for (const family of families) {
      const text = await namespace.run('nft', `list table ${family} fail2networkban`);
      for (const each of texts) assert.ok(text.includes(each.split('/')[0] ?? ''), `${each} in ${text}`);
    }
  }
});

testWithEnding('lets nothing go from one table that it cannot take from the other', async (ending) => {
  const namespace = await Namespace.make(ending);
  const enforcer = open(namespace.enter, ['host', 'bridge']);
  await add(enforcer, '192.0.2.1', '192.0.2.2');
  await namespace.run('nft', 'delete table bridge fail2networkban');
  const [held] = (await open(namespace.enter).list(signal)).filter(({ network }) => network === '192.0.2.1');
  assert.ok(held);
  await assert.rejects(enforcer.apply([{ verb: 'remove', entry: held }], signal), hasErrorCode('retry', /./));
  assert.match(await namespace.run('nft', 'list table inet fail2networkban'), /192\.0\.2\.1/);
});

testWithEnding(
  'fills up in a container without privileges too, where the kernel takes less at once',
  async (ending) => {
    const container = new RunningProcess('unshare', ['-Urn', 'sh', '-c', 'echo inside; exec sleep 100']);
    ending.after(() => container.kill());
    await container.said(/inside/);
    const enforcer = open(['nsenter', `--user=/proc/${container.pid}/ns/user`, `--net=/proc/${container.pid}/ns/net`]);
    const networks = addresses(enforcer.stepsPerCall);
    await add(enforcer, ...networks);
    assert.equal((await enforcer.list(signal)).length, networks.length);
  },
);

testWithEnding('says what to do when it may not, or has no nft', async (ending) => {
  const namespace = await Namespace.make(ending);
  const withoutCapabilities = open([...namespace.enter, 'setpriv', '--bounding-set=-all', '--inh-caps=-all']);
  await assert.rejects(withoutCapabilities.list(signal), hasErrorCode('denied', /CAP_NET_ADMIN.*nftables\.conf/));
  const absent = openNftables({ hooks: ['host'] }, { clock: systemClock, run: nftRunner(['absent-nft']), owner });
  await assert.rejects(absent.list(signal), hasErrorCode('denied', /apt install nftables/));
});

testWithEnding('needs no more than CAP_NET_ADMIN', async (ending) => {
  const namespace = await Namespace.make(ending);
  const confined = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all', '--no-new-privs'];
  const enforcer = open([...namespace.enter, ...confined], ['host', 'bridge']);
  await add(enforcer, ...addresses(enforcer.stepsPerCall));
  assert.equal((await enforcer.list(signal)).length, enforcer.stepsPerCall);
});

testWithEnding('ends nft when it is told to stop', async (ending) => {
  const namespace = await Namespace.make(ending);
  const stop = new AbortController();
  const list = open(namespace.enter).list(stop.signal);
  stop.abort();
  await assert.rejects(list, hasErrorCode('retry', /abort/));
});

testWithEnding(
  'the commands show what is blocked, and take it away whatever the configuration says',
  async (ending) => {
    const namespace = await Namespace.make(ending);
    const command = (...words: readonly string[]): Promise<string> =>
      namespace.run(process.execPath, mainFile, 'nftables', ...words, '--config', '/nowhere/client.ini');
    assert.match(await command('show'), /no table/);
    const enforcer = open(namespace.enter, ['host', 'bridge']);
    const endsAt = Date.now() + 7_200_000;
    await add(enforcer, '192.0.2.1');
    await enforcer.apply([{ verb: 'add', entry: { ...entry('2001:db8::/64'), endsAt } }], signal);
    assert.match(
      await command('show'),
      /^inet fail2networkban: 2 blocked\n {2}192\.0\.2\.1 permanent\n {2}2001:db8::\/64 1h 59m\n/,
    );
    assert.deepEqual(await tablesOf(command('show', '--json')), ['inet fail2networkban', 'bridge fail2networkban']);
    assert.deepEqual(JSON.parse(await command('remove', '--json')), {
      removed: ['inet fail2networkban', 'bridge fail2networkban'],
    });
    assert.equal(await namespace.run('nft', 'list ruleset'), '');
    assert.match(await command('remove'), /no table/);
  },
);

const mainFile = new URL('../../../../client/main.js', import.meta.url).pathname;

async function tablesOf(json: Promise<string>): Promise<string[]> {
  const { tables } = JSON.parse(await json) as { tables: { table: string }[] };
  return tables.map(({ table }) => table);
}

function hasErrorCode(code: EnforcerError['code'], message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof EnforcerError);
    assert.match(error.message, message);
    assert.equal(error.code, code);
    return true;
  };
}

/** Opens the enforcer of the agent with this id and place. */
function openOf(namespace: Namespace, id: string, place: string): Enforcer {
  const run = nftRunner([...namespace.enter, 'nft']);
  return openNftables({ hooks: ['host'] }, { clock: systemClock, run, owner: () => Promise.resolve({ id, place }) });
}

testWithEnding("leaves another agent's table alone, and names that agent", async (ending) => {
  const namespace = await Namespace.make(ending);
  const first = openOf(namespace, 'aaaaaaaaaaaa', '/var/lib/first');
  await first.list(signal);
  await add(first, '192.0.2.1');
  const second = openOf(namespace, 'bbbbbbbbbbbb', '/var/lib/second');
  const denied = hasErrorCode(
    'denied',
    /table inet fail2networkban belongs to another agent, that of \/var\/lib\/first/,
  );
  await assert.rejects(second.list(signal), denied);
  await assert.rejects(add(second, '192.0.2.2'), denied);
  assert.deepEqual(await listed(first), ['192.0.2.1']);
  await namespace.run('nft', 'delete table inet fail2networkban');
  assert.deepEqual(await listed(second), []);
  await assert.rejects(first.list(signal), hasErrorCode('denied', /that of \/var\/lib\/second/));
});

testWithEnding('takes over what an agent without marks, or its own state of before, has made', async (ending) => {
  const namespace = await Namespace.make(ending);
  await namespace.run('nft', 'add table inet fail2networkban');
  const first = openOf(namespace, 'aaaaaaaaaaaa', '/var/lib/same');
  await first.list(signal);
  await add(first, '192.0.2.1');
  const anew = openOf(namespace, 'bbbbbbbbbbbb', '/var/lib/same');
  assert.deepEqual(await listed(anew), ['192.0.2.1']);
  // Two that cannot be told apart by their place do not take it from each other for ever.
  await assert.rejects(first.list(signal), hasErrorCode('denied', /\/var\/lib\/same \(bbbbbbbbbbbb\)/));
  assert.deepEqual(await listed(anew), ['192.0.2.1']);
});
