import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgePeerJails } from '../../../client/doctor/judge-peer-jails.ts';
import { readFail2ban } from '../../../client/doctor/read-fail2ban.ts';
import { readPeerJails } from '../../../client/doctor/read-peer-jails.ts';
import type { Fail2ban } from '../../../client/fail2ban-client.ts';
import type { Said } from '../../../shared/finding.ts';
import { fail2banWith, type JailInMemory } from '../fail2ban-in-memory.ts';

const peerJail = 'sshd-peers';
const ready: JailInMemory = { actions: ['iptables-allports'] };
/** The end of what fail2ban 1.0 says of the stock filter. */
const stock = '^(?:fail2ban\\.actions\\s*)?NOTICE\\s+\\[(?!recidive\\])(?:.*)\\]\\s+Ban\\s+(?P<ip4>\\S+)\\s*$';
const recidive: JailInMemory = { actions: ['nftables'], failregex: [stock], bantime: 604_800 };
const shipped = 'NOTICE\\s+\\[[^\\]\\s]*-peers\\]\\s+Ban\\s';

async function judge(fail2ban: Fail2ban, ...names: readonly string[]): Promise<readonly Said[]> {
  const facts = await readFail2ban(fail2ban, new AbortController().signal);
  return judgePeerJails(await readPeerJails(names, facts, fail2ban));
}

const cases: readonly [string, Readonly<Record<string, JailInMemory>>, readonly string[]][] = [
  ['all is well', { [peerJail]: ready, sshd: { failregex: ['x'] } }, ['good peer-jail-ready']],
  ['the jail is missing', { sshd: {} }, ['broken peer-jail-absent']],
  [
    'the jail has the action',
    { [peerJail]: { actions: ['nftables', 'fail2networkban'] } },
    ['broken peer-jail-echoes'],
  ],
  ['the jail makes bans of its own', { [peerJail]: { ...ready, failregex: ['x'] } }, ['broken peer-jail-bans-itself']],
  ['the jail ends bans', { [peerJail]: { ...ready, bantime: 600 } }, ['warning peer-jail-ends-bans']],
  ['recidive counts it', { [peerJail]: ready, recidive }, ['good peer-jail-ready', 'warning peers-banned-again']],
  [
    'recidive has our line',
    { [peerJail]: ready, recidive: { ...recidive, ignoreregex: ['other', shipped] } },
    ['good peer-jail-ready'],
  ],
  [
    'recidive leaves the name out',
    { [peerJail]: ready, recidive: { failregex: [stock.replace('recidive', `(?:recidive|${peerJail})`)] } },
    ['good peer-jail-ready'],
  ],
  [
    'recidive ignores something else, in words of Python',
    { [peerJail]: ready, recidive: { ...recidive, ignoreregex: ['(?P<jail>-peers)'] } },
    ['good peer-jail-ready', 'warning peers-banned-again'],
  ],
];
for (const [name, jails, expected] of cases) {
  test(`finds what is so of a peer jail when ${name}, and says what to do`, async () => {
    const said = await judge(fail2banWith(jails), peerJail);
    assert.deepEqual(
      said.map(({ level, code }) => `${level} ${code}`),
      expected,
    );
    for (const { level, command } of said) assert.ok(level === 'good' || command !== undefined);
  });
}

test('says that peers’ bans come back only of a recidive that hands its bans over', async () => {
  const consequence = async (actions: readonly string[]): Promise<string | undefined> => {
    const said = await judge(fail2banWith({ [peerJail]: ready, recidive: { ...recidive, actions } }), peerJail);
    return said.at(-1)?.consequence;
  };
  assert.match((await consequence(['nftables', 'fail2networkban'])) ?? '', /sent back/);
  assert.match((await consequence(['nftables'])) ?? '', /outlast/);
});

test('says nothing of peer jails without one, nor of a fail2ban that is down', async () => {
  assert.deepEqual(await judge(fail2banWith({ recidive })), []);
  assert.deepEqual(await judge(fail2banWith({}), peerJail), []);
});
