import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fail2ban } from '../../client/fail2ban-client.ts';
import { jailFrames } from '../../client/jail-frames.ts';
import { parseActionNames, parseJailList, parseJailNames, readJails } from '../../client/jails.ts';
import { limits } from '../../shared/limits.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';

const never = new AbortController().signal;

const answers: Readonly<Record<string, string>> = {
  status: 'Status\n|- Number of jail:\t3\n`- Jail list:\tnginx-http-auth, sshd, recidive\n',
  'get nginx-http-auth actions': 'The jail nginx-http-auth has the following actions:\nfail2networkban\n',
  'get sshd actions': 'The jail sshd has the following actions:\nnftables-multiport, fail2networkban-two\n',
  'get recidive actions': 'No actions for jail recidive\n',
  'get nginx-http-auth banip --with-time': '',
  'get sshd banip --with-time':
    '203.0.113.7 \t2026-11-21 03:00:00 + 600 = 2026-11-21 03:10:00\n' +
    '2001:db8::1 \t2026-11-21 03:00:00 + -1 = 9999-12-31 23:59:59\n' +
    'foo.invalid \t2026-11-21 03:00:00 + 600 = 2026-11-21 03:10:00\n',
};

test('lists the jails that hand over, and of these only networks', async () => {
  const fail2ban: Fail2ban = (args) => Promise.resolve(answers[args.join(' ')] ?? '');
  const lists = await readJails(fail2ban, never);
  assert.deepEqual([...lists.keys()], ['nginx-http-auth', 'sshd']);
  assert.deepEqual(
    [...(lists.get('sshd') ?? [])],
    [
      ['203.0.113.7', new Date(2026, 10, 21, 3, 10, 0).getTime()],
      ['2001:db8::1', null],
    ],
  );
});

test("lists no peer jail, even if it has the action: its content is peers' bans", async () => {
  const fail2ban: Fail2ban = (args) => Promise.resolve(answers[args.join(' ')] ?? '');
  assert.deepEqual([...(await readJails(fail2ban, never, ['sshd'])).keys()], ['nginx-http-auth']);
});

test('reads no names out of an empty list', () => {
  assert.deepEqual(parseJailNames('Status\n|- Number of jail:\t0\n`- Jail list:\t\n'), []);
  assert.deepEqual(parseActionNames('No actions for jail sshd'), []);
  assert.equal(parseJailList('').size, 0);
});

test('sends a list in parts, without what is over', () => {
  const list = new Map<Network, number | null>();
  for (let index = 0; index < limits.entriesPerPartMax + 1; index += 1) {
    const network = parseNetwork(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    if (network !== undefined) list.set(network, index === 0 ? 1_000 : 61_000);
  }
  const frames = jailFrames('sshd', list, 1_000);
  assert.deepEqual(
    frames.map(({ part, parts, entries }) => [part, parts, entries.length]),
    [[1, 1, limits.entriesPerPartMax]],
  );
  assert.equal(frames[0]?.entries[0]?.[1], 60);
  assert.deepEqual(
    jailFrames('sshd', list, 0).map(({ entries }) => entries.length),
    [limits.entriesPerPartMax, 1],
  );
  assert.deepEqual(jailFrames('sshd', new Map(), 0), [{ type: 'jail', jail: 'sshd', part: 1, parts: 1, entries: [] }]);
});
