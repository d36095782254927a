import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fail2ban, Fail2banError } from '../../../client/fail2ban-client.ts';
import { type Ignored, readIgnored, sortOut } from '../../../client/jails/ignored-networks.ts';
import { limits } from '../../../shared/limits.ts';

const never = new AbortController().signal;

/** Jails with what they ignore, in the words of fail2ban-client 1.0; undefined: a jail that just starts. */
function read(jails: Readonly<Record<string, readonly string[] | undefined>>): Promise<Ignored | undefined> {
  const fail2ban: Fail2ban = ([, jail = '']) => {
    const entries = jails[jail];
    if (entries === undefined) return Promise.reject(new Fail2banError(`NOK: ('${jail}',)`, true));
    if (entries.length === 0) return Promise.resolve('No IP address/network is ignored\n');
    const lines = entries.map((entry, at) => `${at === entries.length - 1 ? '`' : '|'}- ${entry}`);
    return Promise.resolve(`These IP addresses/networks are ignored:\n${lines.join('\n')}\n`);
  };
  return readIgnored(Object.keys(jails), fail2ban, never);
}

test('offers the networks of all jails together, each once', async () => {
  assert.deepEqual(
    await read({ sshd: ['203.0.113.7', '127.0.0.0/8'], nginx: ['203.0.113.7', '2001:DB8::7'], web: [] }),
    {
      networks: ['127.0.0.0/8', '2001:db8::7', '203.0.113.7'],
      leftOut: [],
    },
  );
});

test('offers nothing of hosts whose jails ignore nothing, which is said too', async () => {
  assert.deepEqual(await read({ sshd: [] }), { networks: [], leftOut: [] });
});

test('says nothing as long as one jail does not answer: it may name more', async () => {
  assert.equal(await read({ sshd: ['203.0.113.7'], nginx: undefined }), undefined);
});

test('fails with the look when fail2ban is down', async () => {
  const down: Fail2ban = () => Promise.reject(new Fail2banError('fail2ban is down'));
  await assert.rejects(readIgnored(['sshd'], down, never), Fail2banError);
});

test('names what is no network, and does not offer it', () => {
  const others = ['home.example.org', 'file:/etc/ignored', '203.0.113.1-203.0.113.9', '203.0.113.7/33', 'fe80::1%eth0'];
  assert.deepEqual(sortOut([...others, '203.0.113.7', 'home.example.org']), {
    networks: ['203.0.113.7'],
    leftOut: others.toSorted(),
  });
});

test('offers no more than a frame takes, always the same ones, and names the others', () => {
  const many = Array.from({ length: limits.ignoreipMax + 2 }, (_, at) => `198.51.${100 + (at >> 8)}.${at & 255}`);
  const { networks, leftOut } = sortOut(many);
  assert.deepEqual([networks.length, leftOut.length], [limits.ignoreipMax, 2]);
  assert.deepEqual(sortOut(many.toReversed()), { networks, leftOut });
  assert.deepEqual([...networks, ...leftOut], many.toSorted());
});
