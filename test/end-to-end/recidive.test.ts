import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgePeerJails } from '../../client/doctor/judge-peer-jails.ts';
import { readFail2ban } from '../../client/doctor/read-fail2ban.ts';
import { readPeerJails } from '../../client/doctor/read-peer-jails.ts';
import type { Fail2ban } from '../../client/fail2ban-client.ts';
import { lastFirst, makeFolder } from '../ending.ts';
import { askFail2ban, peerJail, spellingsIn, startWithPeerJail } from './peer-jail-under-test.ts';
import { waitUntil } from './wait-until.ts';

/** Codes of what the doctor finds about the peer jail. */
async function examine(fail2ban: Fail2ban): Promise<readonly string[]> {
  const facts = await readFail2ban(fail2ban, new AbortController().signal);
  return judgePeerJails(await readPeerJails([peerJail], facts, fail2ban)).map(({ code }) => code);
}

/** recidive as Debian has it, sooner convinced, and a jail that it counts. */
function recidive(dir: string, more = ''): string {
  return `[recidive]
enabled = true
logpath = ${join(dir, 'fail2ban.log')}
maxretry = 2
${more}
[by-hand]
enabled = true
filter =
backend = polling
`;
}

const cases: readonly (readonly [name: string, more: string, counted: readonly string[]])[] = [
  ["does not count peers' bans with the line that we ship", '', ['192.0.2.2']],
  ["would count peers' bans without it", 'ignoreregex =', ['192.0.2.1', '192.0.2.2']],
];
for (const [name, more, counted] of cases) {
  test(`recidive ${name}`, async (context) => {
    const ending = lastFirst(context);
    const dir = await makeFolder(ending);
    const fail2ban = await startWithPeerJail(dir, recidive(dir, more));
    ending.after(() => fail2ban.kill());
    for (const _ of [1, 2, 3]) {
      for (const [jail, address] of [
        [peerJail, '192.0.2.1'],
        ['by-hand', '192.0.2.2'],
      ] as const) {
        await fail2ban.client('set', jail, 'banip', address);
        await fail2ban.client('set', jail, 'unbanip', address);
      }
    }
    await waitUntil('recidive has counted', () => spellingsIn(fail2ban, 'recidive').length === counted.length);
    assert.deepEqual(spellingsIn(fail2ban, 'recidive'), counted);
    const saidByDoctor = await examine(askFail2ban(fail2ban));
    assert.equal(saidByDoctor.includes('peers-banned-again'), counted.includes('192.0.2.1'));
  });
}
