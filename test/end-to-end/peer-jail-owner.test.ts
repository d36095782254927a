import assert from 'node:assert/strict';
import { openPeerJail } from '../../client/enforcers/jail/peer-jail.ts';
import type { Owner } from '../../client/enforcers/owner.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import { EnforcerError } from '../../shared/errors.ts';
import { entry } from '../contracts/reconciler-bench.ts';
import { makeFolder, testWithEnding } from '../ending.ts';
import type { Fail2banProcess } from './fail2ban-process.ts';
import { askFail2ban, askNow, peerJail, spellingsIn, startWithPeerJail } from './peer-jail-under-test.ts';

const never = new AbortController().signal;
const first: Owner = { id: 'aaaaaaaaaaaa', place: '/var/lib/first' };
const second: Owner = { id: 'bbbbbbbbbbbb', place: '/var/lib/second' };

function openOf(fail2ban: Fail2banProcess, owner: Owner): Enforcer {
  const options = { fail2ban: askFail2ban(fail2ban), clock: systemClock, owner: () => Promise.resolve(owner) };
  return openPeerJail(peerJail, options);
}

function belongsTo({ place }: Owner): (error: unknown) => boolean {
  return (error) =>
    error instanceof EnforcerError && error.code === 'denied' && error.message.includes(`that of ${place},`);
}

testWithEnding('a peer jail is one agent’s, and goes to another only when its mark has gone', async (ending) => {
  const fail2ban = await startWithPeerJail(await makeFolder(ending));
  ending.after(() => fail2ban.kill());
  const [one, other] = [openOf(fail2ban, first), openOf(fail2ban, second)];
  await one.list(never);
  await one.apply([{ verb: 'add', entry: entry('192.0.2.1') }], never);
  await assert.rejects(other.list(never), belongsTo(first));
  assert.deepEqual(spellingsIn(fail2ban), ['192.0.2.1']);
  assert.equal((await one.list(never)).length, 1);
  // A state that was made anew in the same place is the same agent's.
  const anew = openOf(fail2ban, { ...first, id: 'cccccccccccc' });
  assert.equal((await anew.list(never)).length, 1);
  await assert.rejects(one.list(never), belongsTo(first));
  askNow(fail2ban, 'set', peerJail, 'delaction', 'f2nb-owner-cccccccccccc');
  assert.equal((await other.list(never)).length, 1);
  await assert.rejects(anew.list(never), belongsTo(second));
});
