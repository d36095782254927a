import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPeerJail } from '../../../../client/enforcers/jail/peer-jail.ts';
import { type Fail2ban, Fail2banError } from '../../../../client/fail2ban-client.ts';
import { EnforcerError } from '../../../../shared/errors.ts';
import { entry } from '../../../contracts/reconciler-bench.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { fail2banWith } from '../../fail2ban-in-memory.ts';
import { owner } from '../nftables/sample-owner.ts';

const never = new AbortController().signal;

test('is named after its jail', () => {
  assert.equal(
    openPeerJail('sshd-peers', { fail2ban: fail2banWith({}), clock: new ManualClock(), owner }).name,
    'jail/sshd-peers',
  );
});

test('waits for a fail2ban that has not read its jails yet, instead of calling its jail missing', async () => {
  const enforcer = openPeerJail('sshd-peers', { fail2ban: fail2banWith({}), clock: new ManualClock(), owner });
  await assert.rejects(enforcer.list(never), new EnforcerError('retry', 'fail2ban has no jails yet'));
});

test('carries less in the next call when fail2ban was busy for long, and less still when it gave no answer', async () => {
  const clock = new ManualClock();
  let isUp = true;
  const fail2ban: Fail2ban = (args) => {
    // 100 ms for starting the client, then 40 ms a ban.
    clock.advance(100 + Math.max(0, args.length - 3) * 40);
    return isUp ? fail2banWith({ 'sshd-peers': {} })(args, never) : Promise.reject(new Fail2banError('no answer'));
  };
  const enforcer = openPeerJail('sshd-peers', { fail2ban, clock, owner });
  const steps = Array.from({ length: 25 }, (_, at) => ({ verb: 'add', entry: entry(`192.0.2.${at}`) }) as const);
  await enforcer.list(never);
  await enforcer.apply(steps, never);
  assert.equal(enforcer.stepsPerCall, 10);
  isUp = false;
  await assert.rejects(enforcer.apply(steps.slice(0, 10), never), /no answer/);
  assert.equal(enforcer.stepsPerCall, 5);
});
