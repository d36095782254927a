import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fail2ban, Fail2banError } from '../../client/fail2ban-client.ts';
import { readWiredJails } from '../../client/jails/jail-reader.ts';
import { parseActionNames, parseJailList, parseJailNames } from '../../client/jails.ts';

const never = new AbortController().signal;

const answers: Readonly<Record<string, string>> = {
  status: 'Status\n|- Number of jail:\t3\n`- Jail list:\tnginx-http-auth, recidive, sshd\n',
  'get nginx-http-auth actions': 'The jail nginx-http-auth has the following actions:\nfail2networkban\n',
  'get sshd actions': 'The jail sshd has the following actions:\nnftables-multiport, fail2networkban-SSH\n',
  'get sshd action fail2networkban-SSH name': 'SSH\n',
  'get recidive actions': 'No actions for jail recidive\n',
};

const fail2ban: Fail2ban = (args) => {
  const answer = answers[args.join(' ')];
  return answer === undefined
    ? Promise.reject(new Fail2banError(`NOK: ${args.join(' ')}`, true))
    : Promise.resolve(answer);
};

test("knows the jails that hand over, with the action's name where it is not the jail's", async () => {
  assert.deepEqual(await readWiredJails(fail2ban, never), [
    { name: 'nginx-http-auth', jail: 'nginx-http-auth', aliases: [] },
    { name: 'sshd', jail: 'sshd', aliases: ['SSH'] },
  ]);
});

test("knows no peer jail, even if it has the action: its content is peers' bans", async () => {
  const wired = await readWiredJails(fail2ban, never, ['sshd']);
  assert.deepEqual(
    wired.map(({ jail }) => jail),
    ['nginx-http-auth'],
  );
});

test('reads no names out of an empty list', () => {
  assert.deepEqual(parseJailNames('Status\n|- Number of jail:\t0\n`- Jail list:\t\n'), []);
  assert.deepEqual(parseActionNames('No actions for jail sshd'), []);
  assert.equal(parseJailList('').size, 0);
});

const bantimes: readonly (readonly [bantime: string, seconds: number | null])[] = [
  ['600', 600],
  ['-1', null],
  ['-2', null],
  ['600.5', 601],
  ['10000000000000000', 3_153_600_000],
  ['1e+16', 3_153_600_000],
  ['12345678901234567890123', 3_153_600_000],
  ['inf', null],
  ['something', null],
];
for (const [bantime, seconds] of bantimes) {
  test(`reads a ban of ${bantime} out of a list as ${seconds} seconds`, () => {
    const list = parseJailList(`203.0.113.7 \t2026-11-21 03:00:00 + ${bantime} = 9999-12-31 23:59:59\n`);
    const printedAt = Date.UTC(2026, 10, 21, 3, 0, 0);
    assert.deepEqual([...list], [['203.0.113.7', { bantimeSeconds: seconds, printedAt }]]);
  });
}

test('reads of a list only networks', () => {
  const list = parseJailList(
    'foo.invalid \t2026-11-21 03:00:00 + 600 = 2026-11-21 03:10:00\n2001:DB8::1 \t2026-11-21 03:00:00 + -1 = 9999-12-31 23:59:59',
  );
  assert.deepEqual([...list.keys()], ['2001:db8::1']);
});
