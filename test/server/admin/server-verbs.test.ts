import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { passMaxMs } from '../../../server/admin/server-verbs.ts';
import { showBans } from '../../../server/commands/show/show-bans.ts';
import { showPass } from '../../../server/commands/show/show-pass.ts';
import { showStatus } from '../../../server/commands/show/show-server.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import type { HeldEntry } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { until } from '../../until.ts';
import { withServer } from '../running-server.ts';
import { network } from '../samples.ts';
import { blocks, event, send } from './sent-events.ts';

describe('panic', () => {
  it('takes everything off the firewalls until resume, and bans go on being recorded', () =>
    withServer(async (server) => {
      await server.ask('ban', { network: '203.0.113.1' });
      await blocks(server, '203.0.113.1');
      const panic = await server.ask('panic');
      assert.deepEqual([panic['paused'], panic['outcome'], server.blocked], [true, 'done', []]);
      assert.equal(
        showPass(panic),
        'dry-run: 1 entry of ours taken off, none is left\npaused: bans are recorded and not enforced until: fail2networkban-server resume',
      );
      await server.ask('ban', { network: '203.0.113.2' });
      assert.deepEqual(server.blocked, []);
      assert.equal((await server.ledger.load()).paused, true);
      const resumed = await server.ask('resume');
      assert.deepEqual(
        [resumed['paused'], resumed['outcome'], server.blocked],
        [false, 'done', ['203.0.113.1', '203.0.113.2']],
      );
      assert.equal(showPass(resumed), 'dry-run: in sync, 2 entries of ours');
    }));
});

describe('reconcile', () => {
  it('waits for the comparison, and says when the firewall fails', () =>
    withServer(async (server) => {
      await server.ask('ban', { network: '203.0.113.1' });
      await blocks(server, '203.0.113.1');
      await server.firewall.apply([{ verb: 'remove', entry: ours('203.0.113.1') }], AbortSignal.abort());
      const done = await server.ask('reconcile');
      assert.deepEqual([done['outcome'], server.blocked], ['done', ['203.0.113.1']]);
      const error = new EnforcerError('retry', 'no route to host');
      server.firewall.failNext({ call: 'list', when: 'before', error });
      const failed = await server.ask('reconcile');
      assert.deepEqual([failed['outcome'], showPass(failed)], ['failed', 'dry-run: failing: no route to host']);
      assert.equal((await server.ask('reconcile'))['outcome'], 'done');
    }));

  it('is not in sync with a firewall that refuses, nor is a panic done that it does not follow', () =>
    withServer(async (server) => {
      const never = new EnforcerError('rejected', 'exit code 119');
      server.firewall.refuse('+203.0.113.1', never);
      server.firewall.refuse('-203.0.113.2', never);
      for (const last of [1, 2, 5]) await server.ask('ban', { network: `203.0.113.${last}` });
      await blocks(server, '203.0.113.2', '203.0.113.5');
      await server.ask('unban', { network: '203.0.113.2' });
      const reconciled = await server.ask('reconcile');
      assert.deepEqual(
        [reconciled['outcome'], showPass(reconciled)],
        [
          'failed',
          'dry-run: NOT IN SYNC, it refuses: 1 ban not blocked, 1 network still blocked; see: fail2networkban-server status, 2 entries of ours',
        ],
      );
      const status = showStatus(await server.ask('status'));
      assert.match(status, /^dry-run +refusing .* 1 network refused, not blocked, as 203\.0\.113\.1: /m);
      assert.doesNotMatch(status, /in-sync/);
      assert.match(status, /^dry-run: REFUSED, not blocked: 1 network, as 203\.0\.113\.1 \(.*exit code 119\)$/m);
      assert.match(status, /^dry-run: REFUSED, still blocked: 1 network, as 203\.0\.113\.2 \(.*exit code 119\)$/m);
      const panic = await server.ask('panic');
      assert.equal(panic['outcome'], 'failed');
      assert.match(showPass(panic), /^dry-run: NOT ALL TAKEN OFF, it refuses: 1 network still blocked; see: /);
      const show = showBans(timesAt(server.clock.now()));
      assert.match(
        show.unban(await server.ask('unban', { network: '203.0.113.2' })),
        /\nstill blocked: dry-run refused: the firewall does not let it go: exit code 119$/,
      );
    }));

  it('waits no longer than ten seconds, and says that it is not finished', () =>
    withServer(async (server) => {
      await server.ask('reconcile');
      const release = server.firewall.hold();
      await server.ask('ban', { network: '203.0.113.1' });
      const asked = server.ask('reconcile');
      await until(() => server.firewall.applies.length === 1, 'the call is under way');
      let answer: Awaited<typeof asked> | undefined;
      void asked.then((given) => {
        answer = given;
      });
      await until(() => {
        server.clock.advance(passMaxMs / 100);
        return answer !== undefined;
      }, 'the command gives up waiting');
      assert.equal(answer?.['outcome'], 'failed');
      assert.match(showPass(answer ?? {}), /^dry-run: not finished after 10 s, it goes on/);
      release();
      await blocks(server, '203.0.113.1');
    }));
});

const ours = (text: string): HeldEntry => ({ network: network(text), spelling: text, owner: 'ours' });

describe('status', () => {
  it('counts what happened, by code', () =>
    withServer(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(peer, event(1, '203.0.113.1'), event(2, '127.0.0.1'), event(3, 'evil'));
      await send(peer, event(1, '203.0.113.1'));
      const status = await server.ask('status');
      assert.deepEqual(status['counters'], {
        recorded: 1,
        'special-purpose': 1,
        'not-an-address': 1,
        repeated: 1,
        enforced: 1,
      });
      assert.deepEqual([status['bans'], status['clients'], status['paused'], status['strangers']], [1, 1, false, 0]);
    }));
});
