import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openNftables } from '../../../../client/enforcers/nftables/nftables.ts';
import { type Hook, hooks } from '../../../../client/enforcers/nftables/nftables-settings.ts';
import { nftRunner } from '../../../../client/enforcers/nftables/run-nft.ts';
import { systemClock } from '../../../../shared/clock.ts';
import type { Enforcer } from '../../../../shared/enforcer.ts';
import type { Family } from '../../../../shared/network.ts';
import { entry, network } from '../../../contracts/reconciler-bench.ts';
import type { RunningProcess } from '../../../end-to-end/running-process.ts';
import { waitUntil } from '../../../end-to-end/wait-until.ts';
import { lastFirst } from '../../../ending.ts';
import { owner } from './sample-owner.ts';
import { attackers, makeTopology, type Topology, targetAddresses } from './topology.ts';

const port = 7_000;
const signal = new AbortController().signal;
const [attacker4, other4] = attackers[4];
const [attacker6, other6] = attackers[6];

for (const hook of hooks) describePackets(hook);

/** What happens to packets of a banned source on their way to the one who is attacked. */
function describePackets(hook: Hook): void {
  describe(`packets at the hook ${hook}`, () => {
    const ending = lastFirst({ after });
    let topology: Topology;
    let enforcer: Enforcer;

    before(async () => {
      topology = await makeTopology(hook, ending);
      // As in most rulesets; raw comes before it.
      await topology.filter.run(
        'nft',
        'add table inet theirs; add chain inet theirs input { type filter hook input priority 0; }; ' +
          'add rule inet theirs input ct state established accept',
      );
      await topology.target.startPeer({ task: 'listen', port }).said(/listening/);
    });

    beforeEach(async () => {
      const run = nftRunner([...topology.filter.enter, 'nft']);
      enforcer = openNftables({ hooks: [hook] }, { clock: systemClock, run, owner });
      await unban(...(await enforcer.list(signal)).map((held) => held.network));
      for (const source of [attacker4, other4, attacker6, other6]) await becomes('open', source);
    });

    for (const [what, banned, blocked, open] of [
      ['an IPv4 address', attacker4, attacker4, [other4, attacker6]],
      ['an IPv6 address', attacker6, attacker6, [other6, attacker4]],
      ['an IPv4 network', '192.0.2.128/25', other4, [attacker4, other6]],
      ['an IPv6 network', '2001:db8::8:0/112', other6, [attacker6, other4]],
    ] as const) {
      it(`are dropped from ${what}, and only from there, until it is unbanned`, async () => {
        await ban(banned);
        assert.equal(await probe(blocked), 'blocked');
        for (const source of open) assert.equal(await probe(source), 'open');
        await unban(banned);
        await becomes('open', blocked);
      });
    }

    for (const source of [attacker4, attacker6]) {
      it(`of a connection that already stands are dropped, from ${source}`, async () => {
        const talk = topology.attacker.startPeer({ task: 'talk', port, ...pathFrom(source) });
        await talk.said(/heard 5\n/);
        await ban(source);
        // What was under way at that moment may still come back, at any time; nothing that was sent later may.
        await sends(talk, 5);
        const sent = count(talk, 'sent');
        await sends(talk, 25);
        assert.ok(count(talk, 'heard') <= sent, `${count(talk, 'heard')} heard, ${sent} sent before the ban`);
        await unban(source);
        await waitUntil('the connection goes on', () => count(talk, 'heard') > sent);
        await talk.kill();
      });
    }

    it('stay dropped from an address when the wider network around it is unbanned', async () => {
      await ban(other4, '192.0.2.128/25');
      await unban('192.0.2.128/25');
      assert.equal(await probe(other4), 'blocked');
    });

    it('come through again when the ban has ended, although no agent is there', async () => {
      const endsAt = await banUntilProbed();
      await enforcer.close();
      for (const source of [attacker4, attacker6]) await becomes('open', source);
      assert.ok(Date.now() >= endsAt, 'the ban ended too early');
    });

    it('are dropped until the tables are taken away, by what touches no other table', async () => {
      const theirs = await topology.filter.run('nft', 'list table inet theirs');
      await ban(attacker4);
      assert.equal(await probe(attacker4), 'blocked');
      const said = await topology.filter.run(process.execPath, mainFile, 'nftables', 'remove');
      assert.match(said, /removed: (inet|bridge) fail2networkban/);
      assert.equal(await probe(attacker4), 'open');
      assert.equal(await topology.filter.run('nft', 'list ruleset'), theirs);
    });

    async function ban(...texts: readonly string[]): Promise<void> {
      await enforcer.apply(
        texts.map((text) => ({ verb: 'add', entry: entry(text) })),
        signal,
      );
    }

    /** Bans both for as long as this machine needs to see it. */
    async function banUntilProbed(): Promise<number> {
      for (let ms = 3_000; ; ms *= 2) {
        const endsAt = Date.now() + ms;
        const sources = [attacker4, attacker6];
        await enforcer.apply(
          sources.map((source) => ({ verb: 'add', entry: { ...entry(source), endsAt } })),
          signal,
        );
        const seen = await Promise.all(sources.map((source) => probe(source)));
        if (Date.now() > endsAt) continue;
        assert.deepEqual(seen, ['blocked', 'blocked']);
        return endsAt;
      }
    }

    async function unban(...texts: readonly string[]): Promise<void> {
      const held = texts.map((text) => ({ network: network(text), spelling: text, owner: 'ours' }) as const);
      await enforcer.apply(
        held.map((each) => ({ verb: 'remove', entry: each })),
        signal,
      );
    }

    async function probe(source: string): Promise<string> {
      const started = topology.attacker.startPeer({ task: 'probe', port, ...pathFrom(source) });
      const [said] = await started.said(/open|blocked|failed.*/);
      await started.ended;
      return said;
    }

    async function becomes(state: 'open', source: string): Promise<void> {
      await waitUntil(`${source} is ${state}`, async () => (await probe(source)) === state);
    }
  });
}

const mainFile = new URL('../../../../client/main.js', import.meta.url).pathname;

function pathFrom(source: string): { readonly host: string; readonly localAddress: string } {
  const family: Family = source.includes(':') ? 6 : 4;
  return { host: targetAddresses[family], localAddress: source };
}

function count({ output }: RunningProcess, word: 'sent' | 'heard'): number {
  return output.split(`${word} `).length - 1;
}

async function sends(talk: RunningProcess, more: number): Promise<void> {
  const before = count(talk, 'sent');
  await waitUntil(`${more} more are sent`, () => count(talk, 'sent') >= before + more);
}
