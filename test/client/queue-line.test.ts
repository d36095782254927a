import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHandLine, parseQueueLine } from '../../client/queue-line.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';

const line = (...fields: readonly (string | number)[]): string => fields.join('\t');

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

test('reads what the action writes', () => {
  assert.deepEqual(parseQueueLine(line('v1', 'ban', 'sshd', '203.0.113.7', 600, 5, 1, '1795234714.689')), {
    kind: 'event',
    verb: 'ban',
    source: 'jail',
    jail: 'sshd',
    network: '203.0.113.7',
    bantimeSeconds: 600,
    failedAt: 1_795_234_714_689,
  });
});

const meanings: readonly [string, string, string][] = [
  ['ban', 'ban', 'jail'],
  ['prolong', 'ban', 'jail'],
  ['unban', 'unban', 'jail'],
  ['hand-ban', 'ban', 'hand'],
  ['hand-unban', 'unban', 'hand'],
  ['hand-lift', 'lift', 'hand'],
];
for (const [verb, meant, source] of meanings) {
  test(`reads ${verb} as ${meant} of a ${source}`, () => {
    const read = parseQueueLine(line('v1', verb, 'sshd', '2001:DB8::1', -1, 5, 1, 1_795_234_714));
    assert.equal(read.kind, 'event');
    assert.deepEqual('verb' in read && [read.verb, read.source, read.network, read.bantimeSeconds], [
      meant,
      source,
      '2001:db8::1',
      null,
    ]);
  });
}

test('reads flush and stop as a list that changed', () => {
  assert.deepEqual(parseQueueLine('v1\tflush\tsshd\tinet4'), { kind: 'flush', jail: 'sshd' });
  assert.deepEqual(parseQueueLine('v1\tstop\tsshd'), { kind: 'stop', jail: 'sshd' });
});

const unreadable: readonly [string, string][] = [
  ['an empty line', ''],
  ['another version', line('v2', 'ban', 'sshd', '203.0.113.7', 600, 5, 1, 1)],
  ['an unknown verb', line('v1', 'constructor', 'sshd', '203.0.113.7', 600, 5, 1, 1)],
  ['a tag that fail2ban left as it is', line('v1', 'ban', '<name>', '203.0.113.7', 600, 5, 1, 1)],
  ['a host name', line('v1', 'ban', 'sshd', 'foo.invalid', 600, 5, 1, 1)],
  ['a zone id', line('v1', 'ban', 'sshd', 'fe80::1%eth0', 600, 5, 1, 1)],
  ['a command in place of an address', line('v1', 'ban', 'sshd', '$(touch x)', 600, 5, 1, 1)],
  ['a jail of 1,001 characters', line('v1', 'ban', 'j'.repeat(1_001), '203.0.113.7', 600, 5, 1, 1)],
  ['a jail without a name', line('v1', 'ban', '', '203.0.113.7', 600, 5, 1, 1)],
  ['a jail that no person can name', line('v1', 'hand-ban', 'my jail', '203.0.113.7', 600, 5, 1, 1)],
  ['a time that is no number', line('v1', 'ban', 'sshd', '203.0.113.7', '<bantime>', 5, 1, 1)],
  ['two lines written as one', `v1\tban\tssh${line('v1', 'ban', 'sshd', '203.0.113.7', 600, 5, 1, 1)}`],
  ['a field too few', line('v1', 'ban', 'sshd', '203.0.113.7', 600, 5, 1)],
  ['a field too many', line('v1', 'ban', 'sshd', '203.0.113.7', 600, 5, 1, 1, 'site=fra1', 1)],
];
for (const [name, text] of unreadable) {
  test(`does not take ${name} for an event`, () => {
    const read = parseQueueLine(text);
    assert.equal(read.kind, 'unreadable');
    assert.ok('text' in read && read.text === text && read.reason.length > 0);
  });
}

const labelTexts: readonly (readonly [text: string, labels: object, isWrong: boolean])[] = [
  ['site=fra1,rack=7', { rack: '7', site: 'fra1' }, false],
  ['site=größe,rack=7', { rack: '7' }, true],
  ['1', {}, true],
  ['site=-x', {}, true],
  ['site=a,site=b', { site: 'a' }, true],
  [
    Array.from({ length: 20 }, (_, at) => `k${at}=v`).join(),
    Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`k${at}`, 'v'])),
    true,
  ],
  [`a=b,long=${'x'.repeat(65)}`, { a: 'b' }, true],
];
for (const [text, labels, isWrong] of labelTexts) {
  test(`a ban with the labels ${text} is a ban with those that are right`, () => {
    const read = parseQueueLine(line('v1', 'ban', 'sshd', '203.0.113.7', 600, 5, 1, 1, text));
    assert.ok(read.kind === 'event');
    assert.deepEqual([read.network, read.labels, read.wrongLabels !== undefined], ['203.0.113.7', labels, isWrong]);
  });
}

test('no label costs a ban, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = parseQueueLine(line('v1', 'ban', 'sshd', '203.0.113.7', 600, 5, 1, 1, text.replace(/[\t\n]/g, '')));
      assert.equal(read.kind, 'event');
    }),
  );
});

test('never throws, whatever the line', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseQueueLine(text).kind.length > 0));
});

test('reads back what a ban by hand writes', () => {
  const jail = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/);
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const seconds = fc.option(fc.integer({ min: 1, max: 3_153_600_000 }), { nil: null });
  const at = fc.integer({ min: 0, max: 4_000_000_000_000 });
  fc.assert(
    fc.property(jail, address, seconds, at, (name, text, bantimeSeconds, failedAt) => {
      const event = { verb: 'ban', jail: name, network: network(text), bantimeSeconds, failedAt } as const;
      const written = formatHandLine(event);
      assert.ok(written.endsWith('\n'));
      assert.deepEqual(parseQueueLine(written.slice(0, -1)), { kind: 'event', source: 'hand', ...event });
    }),
  );
});
