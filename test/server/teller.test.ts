import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { Counters } from '../../server/counters.ts';
import type { StrayEntries } from '../../server/enforcers/ownership/stray-entries.ts';
import { type Notice, type NoticeKind, noticeKinds } from '../../server/notifications/notice.ts';
import { toldEachMs } from '../../server/observability/line-shares.ts';
import { lineLimits, Teller } from '../../server/teller.ts';
import { ManualClock } from '../manual-clock.ts';
import { makeReport, network } from './samples.ts';

function listen(kinds: readonly NoticeKind[] = noticeKinds) {
  const told: Notice[] = [];
  const notices = { isWanted: (kind: NoticeKind) => kinds.includes(kind), tell: (notice: Notice) => told.push(notice) };
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => lines.push(JSON.parse(line)) });
  const counters = new Counters();
  const clock = new ManualClock();
  return { told, lines, counters, clock, teller: new Teller({ log, counters, notices, clock }) };
}

const decision = { client: 'web1', verb: 'ban', jail: 'sshd', network: '192.0.2.1' } as const;
const who = { network: '192.0.2.1', client: 'web1', jail: 'sshd' };

describe('entries of a firewall that nobody here looks after', () => {
  const strays = (count: number): readonly StrayEntries[] => {
    const entry = { network: network('192.0.2.1'), spelling: '192.0.2.1', owner: 'theirs' } as const;
    return [{ id: 'p7q2', isOwn: false, isAlive: false, entries: Array.from({ length: count }, () => entry) }];
  };

  it('are told when their number has changed, and again when they come back', () => {
    const { teller, lines } = listen();
    for (const found of [strays(2), strays(2), strays(3), [], strays(3)]) teller.strays('proxmox/main', found);
    assert.deepEqual(
      lines.map(({ entries }) => entries),
      [2, 3, 3],
    );
  });
});

describe('what the teller tells others', () => {
  it('is each new ban and each end, but no prolongation', () => {
    const { teller, told } = listen();
    const report = makeReport('192.0.2.1', { endsAt: 5_000 });
    teller.report({ kind: 'reported', report: makeReport('192.0.2.1'), replaces: undefined });
    teller.report({ kind: 'reported', report, replaces: undefined, reason: 'listed' });
    teller.report({ kind: 'reported', report, replaces: report, reason: 'prolonged' });
    teller.withdrawal({ kind: 'withdrawn', report, reason: 'expired', actor: 'server' });
    assert.deepEqual(told, [
      { kind: 'ban', ...who, endsAt: null },
      { kind: 'ban', ...who, endsAt: 5_000 },
      { kind: 'unban', ...who, reason: 'expired' },
    ]);
  });

  it('is not made for nobody', () => {
    const { teller, told } = listen([]);
    const report = makeReport('192.0.2.1');
    teller.report({ kind: 'reported', report, replaces: undefined });
    teller.withdrawal({ kind: 'withdrawn', report, reason: 'expired', actor: 'server' });
    assert.deepEqual(told, []);
  });

  it('is a refusal of what must not be banned, and no other', () => {
    const { teller, told } = listen();
    for (const code of ['recorded', 'repeated', 'too-wide', 'quota-exceeded', 'whitelisted', 'protected'] as const)
      teller.decision({ ...decision, code, detail: 'because' });
    assert.deepEqual(told, [
      { kind: 'refused', ...who, code: 'whitelisted', detail: 'because' },
      { kind: 'refused', ...who, code: 'protected', detail: 'because' },
    ]);
  });

  it('is that a firewall fails, once for each way of failing, and that it answers again', () => {
    const { teller, told } = listen();
    const retry = { kind: 'failed', code: 'retry', reason: '595', nextTryMs: 1 } as const;
    const denied = { kind: 'failed', code: 'denied', reason: '401', nextTryMs: 1 } as const;
    for (const event of [retry, retry, denied, denied, { kind: 'recovered' } as const, retry])
      teller.enforcer('proxmox/main', event);
    const about = { kind: 'enforcer', enforcer: 'proxmox/main' };
    assert.deepEqual(told, [
      { ...about, state: 'failing', reason: '595' },
      { ...about, state: 'failing', reason: '401' },
      { ...about, state: 'recovered', reason: '' },
      { ...about, state: 'failing', reason: '595' },
    ]);
  });

  it('is how near a firewall is to its ceiling', () => {
    const { teller, told } = listen();
    const numbers = { entries: 8, maxEntries: 10, leftOut: 0 };
    for (const kind of ['scarce', 'none', 'plenty'] as const) teller.room('proxmox/main', { kind, ...numbers });
    assert.deepEqual(
      told.map((notice) => ('state' in notice ? notice.state : '')),
      ['scarce', 'none', 'plenty'],
    );
  });
});

describe('what the teller writes down', () => {
  it('is every stranger until they are very many, and then how many there were besides', () => {
    const { teller, lines, counters, clock } = listen();
    const problem = { code: 'unauthenticated', detail: 'no token' } as const;
    for (let count = 0; count < lineLimits.strangers.burst + 500; count += 1) {
      if (count % 2 === 0) teller.rejection(problem, undefined);
      else teller.requestRefused(problem, undefined, undefined);
    }
    assert.equal(lines.length, lineLimits.strangers.burst);
    teller.requestRefused({ code: 'not-permitted', detail: 'web1 may not' }, undefined, 'web1');
    clock.advance(toldEachMs);
    const [known, told] = lines.slice(-2);
    assert.equal(known?.['code'], 'not-permitted');
    assert.equal(told?.['msg'], 'without a login: 500 more refusals of unauthenticated in 10 s');
    assert.equal(counters.toObject()['unauthenticated'], lineLimits.strangers.burst + 500);
  });

  it('is each decision of a client until they are very many, none uncounted, and all of another’s', () => {
    const { teller, lines, counters, clock } = listen();
    const flood = lineLimits.client.burst + 4_812;
    for (let count = 0; count < flood; count += 1) teller.decision({ ...decision, code: 'whitelisted' });
    teller.decision({ ...decision, client: 'web2', code: 'whitelisted' });
    assert.equal(lines.at(-1)?.['client'], 'web2');
    clock.advance(toldEachMs);
    assert.equal(lines.at(-1)?.['msg'], 'web1: 4,812 more refusals of whitelisted in 10 s');
    assert.equal(lines.length, lineLimits.client.burst + 2);
    assert.equal(counters.toObject()['whitelisted'], flood + 1);
  });

  it('tells at the end what it has not written, and lets no timer run on', () => {
    const { teller, lines, clock } = listen();
    for (let count = 0; count <= lineLimits.client.burst; count += 1)
      teller.decision({ ...decision, code: 'recorded' });
    teller.close();
    assert.equal(lines.at(-1)?.['more'], 1);
    assert.equal(clock.waiting, 0);
  });

  it('is all that the operator does', () => {
    const { teller, lines } = listen();
    const count = 2 * lineLimits.client.burst;
    for (let each = 0; each < count; each += 1) teller.decision({ ...decision, client: 'operator', code: 'recorded' });
    assert.equal(lines.length, count);
  });
});
