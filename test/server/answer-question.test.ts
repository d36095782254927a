import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerQuestion } from '../../server/answer-question.ts';
import { EnforcementOfBans } from '../../server/enforcement.ts';
import { OwnMarks } from '../../server/enforcers/ownership/ledger-mark.ts';
import { Traces } from '../../server/enforcers/ownership/traces.ts';
import { limits } from '../../shared/limits.ts';
import { networkFrom } from '../../shared/network.ts';
import { Core } from './core.ts';
import { makeClient, makeEvent, network } from './samples.ts';

async function makeKnowledge() {
  const core = await Core.make();
  const { standing, policy, clock } = core;
  const enforcement = new EnforcementOfBans({
    ...{ firewalls: [], standing, policy, clock, random: () => 0 },
    isPaused: () => false,
    isOperators: () => false,
    held: core.held,
    unread: () => undefined,
    onEvent: () => undefined,
    marks: new OwnMarks(['mem1']),
    traces: new Traces(core.ledger),
    isClient: () => false,
    onStrays: () => undefined,
    onRoom: () => undefined,
  });
  const ask = (question: Parameters<typeof answerQuestion>[0]) =>
    answerQuestion(question, { client: 'web1', standing, enforcement, now: clock.now() });
  return { core, ask };
}

describe('a question', () => {
  it("about bans is answered with the client's own, the newest first, with the seconds that are left", async () => {
    const { core, ask } = await makeKnowledge();
    await core.send(makeClient(), [makeEvent(1, '203.0.113.1', { ttlSeconds: 60 })]);
    core.clock.advance(1_500);
    await core.send(makeClient(), [makeEvent(2, '203.0.113.2')]);
    await core.send(makeClient({ name: 'web2' }), [makeEvent(1, '203.0.113.3')]);
    assert.deepEqual(ask({ about: 'bans' }), {
      bans: [
        { network: '203.0.113.2', jail: 'sshd', ttlSeconds: null },
        { network: '203.0.113.1', jail: 'sshd', ttlSeconds: 59 },
      ],
    });
  });

  it('about a network is answered with whether anybody bans it', async () => {
    const { core, ask } = await makeKnowledge();
    await core.send(makeClient({ name: 'web2' }), [makeEvent(1, '203.0.113.3')]);
    assert.deepEqual(ask({ about: 'network', network: network('203.0.113.3') }), { banned: true, enforcement: [] });
    assert.deepEqual(ask({ about: 'network', network: network('203.0.113.4') }), { banned: false, enforcement: [] });
  });

  it('about a network inside of a banned one is answered as about a banned one', async () => {
    const { core, ask } = await makeKnowledge();
    await core.send(makeClient({ name: 'web2' }), [makeEvent(1, '203.0.112.0/23')]);
    const isBanned = (text: string) => ask({ about: 'network', network: network(text) }).banned;
    assert.deepEqual(['203.0.113.3', '203.0.113.0/24', '203.0.112.0/22'].map(isBanned), [true, true, false]);
  });

  it('about the client itself is answered by the welcome, so with nothing more', async () => {
    const { ask } = await makeKnowledge();
    assert.deepEqual(ask({ about: 'self' }), {});
  });

  it('is never answered with more than a frame holds', async () => {
    const { core, ask } = await makeKnowledge();
    const longest = (at: number) => networkFrom(6, (0x2001111111111111111111111111n << 16n) | BigInt(2 * at), 127);
    const jail = 'j'.repeat(limits.jailMaxCharacters);
    const report = (at: number) =>
      ({
        network: longest(at),
        client: 'web1',
        jail,
        source: 'jail',
        reportedAt: 0,
        endsAt: 1e15,
        isLifted: false,
      }) as const;
    await core.record.write((draft) => {
      for (let at = 0; at < 3_000; at += 1) draft.report(report(at));
    });
    const answer = ask({ about: 'bans' });
    assert.equal(answer.bans?.length, limits.reportsPerAnswerMax);
    assert.ok(JSON.stringify(answer).length + 200 < limits.frameMaxBytes);
  });
});
