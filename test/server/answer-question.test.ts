import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerQuestion } from '../../server/answer-question.ts';
import { EnforcementOfBans } from '../../server/enforcement.ts';
import type { OpenedFirewall } from '../../server/enforcers/opened-firewall.ts';
import { OwnMarks } from '../../server/enforcers/ownership/ledger-mark.ts';
import { Traces } from '../../server/enforcers/ownership/traces.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import { EnforcerError } from '../../shared/errors.ts';
import { limits } from '../../shared/limits.ts';
import { type Network, networkFrom } from '../../shared/network.ts';
import { MemoryFirewall } from '../contracts/memory-firewall.ts';
import type { Ending } from '../ending.ts';
import { until } from '../until.ts';
import { Core } from './core.ts';
import { makeClient, makeEvent, network } from './samples.ts';

async function makeKnowledge(firewalls: readonly OpenedFirewall[] = []) {
  const core = await Core.make();
  const { standing, policy, clock } = core;
  const enforcement = new EnforcementOfBans({
    ...{ firewalls, standing, policy, clock, random: () => 0 },
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
  return { core, ask, enforcement };
}

/** A firewall that has room for one ban, or one that fails. */
function firewall(enforcer: Enforcer): OpenedFirewall {
  return { enforcer, limits: { maxEntries: 1, merge: false, resyncSeconds: 300 }, protectedSources: [] };
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

  it('about bans says why a firewall does not block one, and which firewalls fail', async (test) => {
    const down = new EnforcerError('retry', 'connection refused');
    const broken = Object.assign(new MemoryFirewall(1, 'broken'), { list: () => Promise.reject(down) });
    const { core, ask, enforcement } = await makeKnowledge([new MemoryFirewall(1, 'full'), broken].map(firewall));
    await core.send(makeClient(), [makeEvent(1, '203.0.113.1'), makeEvent(2, '203.0.113.2')]);
    await working(test, enforcement, 'in-sync failing');
    const detail = 'max_entries = 1 is reached; each client keeps its newest in turn: web1 has 2';
    assert.deepEqual(ask({ about: 'bans' }), {
      bans: [
        {
          ...{ network: '203.0.113.1', jail: 'sshd', ttlSeconds: null },
          enforcement: [{ enforcer: 'full', state: 'no-room', detail }],
        },
        { network: '203.0.113.2', jail: 'sshd', ttlSeconds: null },
      ],
      enforcement: [{ enforcer: 'broken', state: 'failing', detail: 'for 0s: connection refused' }],
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

  it('is never answered with more than a frame holds', async (test) => {
    const { core, ask, enforcement } = await makeKnowledge([firewall(new MemoryFirewall(1, 'full'))]);
    const longest = (at: number) => networkFrom(6, (0x2001111111111111111111111111n << 16n) | BigInt(2 * at), 127);
    await record(core, 'j'.repeat(limits.jailMaxCharacters), longest);
    await working(test, enforcement, 'in-sync');
    const answer = ask({ about: 'bans' });
    assert.equal(answer.bans?.length, limits.reportsPerAnswerMax);
    assert.ok(JSON.stringify(answer).length + 200 < limits.frameMaxBytes);
  });

  it('says why of as many bans as a frame has room for', async (test) => {
    const { core, ask, enforcement } = await makeKnowledge([firewall(new MemoryFirewall(1, 'full'))]);
    await record(core, 'sshd', (at) => networkFrom(4, 0xcb000000n | BigInt(at), 32));
    await working(test, enforcement, 'in-sync');
    const answer = ask({ about: 'bans' });
    const explained = answer.bans?.filter((ban) => ban.enforcement !== undefined).length ?? 0;
    assert.ok(explained > 500 && explained < 1_500, `${explained} are explained`);
    assert.ok(JSON.stringify(answer).length + 200 < limits.frameMaxBytes);
  });
});

/** Records 3,000 bans of one client. */
async function record({ record }: Core, jail: string, networkOf: (at: number) => Network): Promise<void> {
  await record.write((draft) => {
    for (let at = 0; at < 3_000; at += 1) {
      const of = { network: networkOf(at), client: 'web1', jail, source: 'jail' } as const;
      draft.report({ ...of, reportedAt: 0, endsAt: 1e15, isLifted: false });
    }
  });
}

/** Has the firewalls work until the test ends; resolves when they are in these states. */
async function working(test: Ending, enforcement: EnforcementOfBans, states: string): Promise<void> {
  const stop = new AbortController();
  const running = enforcement.run(stop.signal);
  test.after(async () => {
    stop.abort();
    await running;
  });
  const now = (): string => enforcement.reconcilers.map(({ state }) => state.kind).join(' ');
  await until(() => now() === states, `the firewalls are ${states}`);
}
