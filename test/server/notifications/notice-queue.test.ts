import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Notice, type NoticeKind, noticeKinds, textOf } from '../../../server/notifications/notice.ts';
import { ageMaxMs, NoticeQueue, rememberedMax, togetherMs } from '../../../server/notifications/notice-queue.ts';
import { waitingMax } from '../../../server/notifications/waiting-notices.ts';

const all: ReadonlySet<NoticeKind> = new Set(noticeKinds);

const ban = (network: string, jail = 'sshd'): Notice => ({ kind: 'ban', network, client: 'web1', jail, endsAt: null });
const failing: Notice = { kind: 'enforcer', enforcer: 'proxmox/main', state: 'failing', reason: '595' };

function queueOf(...notices: readonly Notice[]): NoticeQueue {
  const queue = new NoticeQueue({ kinds: all, jails: ['*'] });
  for (const notice of notices) queue.add(notice, 1, 0);
  return queue;
}

const texts = (queue: NoticeQueue, nowMs: number, most = 100): string[] => queue.take(most, nowMs).map(textOf);

describe('a queue of notices', () => {
  it('gives room to each client and firewall when one fills it', () => {
    const refused = (client: string, at: number): Notice => {
      const network = `2001:db8::${at.toString(16)}`;
      return { kind: 'refused', network, client, jail: 'sshd', code: 'protected', detail: 'because' };
    };
    const flood = Array.from({ length: waitingMax + 500 }, (_, at) => refused('flood', at));
    const queue = queueOf(...flood, refused('web1', 8_001), failing, refused('web1', 8_002));
    const kept = queue.take(waitingMax, 0).map(({ notice }) => notice);
    assert.equal(kept.filter((notice) => 'client' in notice && notice.client === 'web1').length, 2);
    assert.equal(kept.filter(({ kind }) => kind === 'enforcer').length, 1);
    assert.equal(kept.length, waitingMax);
    assert.equal(queue.takeDropped(), 503);
  });

  it('holds what its channel wants to know', () => {
    const queue = new NoticeQueue({ kinds: new Set(['ban', 'enforcer']), jails: ['ssh*', 'nginx'] });
    const other: Notice = { kind: 'unban', network: '203.0.113.9', client: 'web1', jail: 'sshd', reason: 'unban' };
    for (const notice of [
      ban('203.0.113.1'),
      ban('203.0.113.2', 'nginx'),
      ban('203.0.113.3', 'dovecot'),
      other,
      failing,
    ])
      queue.add(notice, 1, 0);
    assert.deepEqual(texts(queue, 0), [
      'the firewall proxmox/main fails: 595',
      '203.0.113.1 is banned by sshd on web1',
      '203.0.113.2 is banned by nginx on web1',
    ]);
  });

  it('tells the same thing at once, and what comes of it within a minute together', () => {
    const queue = queueOf(ban('203.0.113.1'), ban('203.0.113.1', 'nginx'), ban('203.0.113.1', 'recidive'));
    assert.deepEqual(texts(queue, 1_000), ['203.0.113.1 is banned by sshd on web1']);
    assert.deepEqual(texts(queue, togetherMs - 1), []);
    assert.deepEqual(texts(queue, togetherMs), ['203.0.113.1 is banned by recidive on web1 (2 times)']);
    queue.add(ban('203.0.113.1'), 1, togetherMs + 1);
    assert.deepEqual(texts(queue, togetherMs + 1), []);
    assert.deepEqual(texts(queue, 2 * togetherMs), ['203.0.113.1 is banned by sshd on web1']);
    assert.deepEqual(texts(queue, 3 * togetherMs), []);
    assert.equal(queue.isRemembering, false);
    queue.add(ban('203.0.113.1'), 1, 3 * togetherMs);
    assert.equal(texts(queue, 3 * togetherMs).length, 1);
  });

  it('keeps failing and recovering apart', () => {
    assert.equal(queueOf(failing, { ...failing, state: 'recovered' }, failing).size, 2);
  });

  it('gives so many at a time, the rare first', () => {
    const queue = queueOf(ban('203.0.113.1'), ban('203.0.113.2'), ban('203.0.113.3'), failing);
    assert.deepEqual(texts(queue, 0, 2), [
      'the firewall proxmox/main fails: 595',
      '203.0.113.1 is banned by sshd on web1',
    ]);
    assert.equal(queue.size, 2);
  });

  it('is bounded, drops what comes then, counts it, and still has room for what is rare', () => {
    const queue = queueOf(...Array.from({ length: waitingMax + 5 }, (_, at) => ban(`2001:db8::${at.toString(16)}`)));
    queue.add(failing, 1, 0);
    assert.deepEqual([queue.size, queue.takeDropped(), queue.takeDropped()], [waitingMax + 1, 5, 0]);
  });

  it('drops what waited for too long', () => {
    const queue = queueOf(ban('203.0.113.1'), ban('203.0.113.1'));
    queue.add(ban('203.0.113.2'), 1, ageMaxMs);
    assert.deepEqual(texts(queue, ageMaxMs + 1), [
      '203.0.113.2 is banned by sshd on web1',
      '203.0.113.1 is banned by sshd on web1',
    ]);
    assert.equal(queue.takeDropped(), 1);
  });

  it('remembers no more subjects than it may, and then tells each', () => {
    const queue = queueOf();
    for (let at = 0; at < rememberedMax + 10; at += 1) {
      queue.add(ban(`2001:db8::${at.toString(16)}`), 1, 0);
      queue.take(1, 0);
    }
    const last = ban(`2001:db8::${(rememberedMax + 9).toString(16)}`);
    queue.add(last, 1, 0);
    queue.add(ban('2001:db8::1'), 1, 0);
    assert.equal(queue.size, 1);
  });

  it('loses nothing uncounted, whatever comes and whenever it is asked', () => {
    const step = fc.record({ subject: fc.nat(6), afterMs: fc.nat(togetherMs), most: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = queueOf();
        let nowMs = 0;
        let told = 0;
        const tell = (most: number): void => {
          told += queue.take(most, nowMs).reduce((sum, { count }) => sum + count, 0);
        };
        for (const { subject, afterMs, most } of steps) {
          nowMs += afterMs;
          queue.add(ban(`203.0.113.${subject}`), nowMs, nowMs);
          tell(most);
        }
        tell(1_000);
        nowMs += togetherMs;
        tell(1_000);
        assert.equal(told + queue.takeDropped(), steps.length);
      }),
    );
  });
});
