import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { joinEntries, noJoining } from '../../../../server/http/blocklist/join-entries.ts';
import type { ListEntry } from '../../../../server/http/blocklist/list-entry.ts';
import { embeddedIpv4 } from '../../../../shared/network/embedded-ipv4.ts';
import { covers, familyOf, type Network, prefixLengthOf, rangeOf } from '../../../../shared/network.ts';
import { anyNetwork, closeNetwork } from '../../../shared/networks.ts';
import { makeReport, network } from '../../samples.ts';

const turns = { perTurn: 3, soon: setImmediate };
const policyWidths = { 4: 28, 6: 124 };

function entry(which: Network, endsAt: number): ListEntry {
  return { network: which, endsAt, reports: [makeReport(which, { endsAt })] };
}

/** Each network once, with ends of its own. */
const anyEntries = fc
  .uniqueArray(fc.oneof(closeNetwork(), closeNetwork(), anyNetwork()), { maxLength: 30 })
  .chain((networks) =>
    fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: networks.length, maxLength: networks.length })
      .map((ends) => networks.map((each, index) => entry(each, ends[index] ?? 1))),
  );

describe('joined entries', () => {
  it('cover exactly the same addresses, none of them twice', () =>
    fc.assert(
      fc.asyncProperty(anyEntries, fc.boolean(), async (entries, isJoined) => {
        const joined = await joinEntries(entries, isJoined ? policyWidths : noJoining, turns);
        assert.deepEqual(rangesOf(joined), rangesOf(entries));
        for (const each of joined)
          for (const other of joined) assert.ok(each === other || !covers(each.network, other.network));
      }),
      { numRuns: 500 },
    ));

  it('end with the first that they need: no address is blocked longer than its own ban, or one that covers it', () =>
    fc.assert(
      fc.asyncProperty(anyEntries, async (entries) => {
        for (const each of await joinEntries(entries, policyWidths, turns)) {
          const within = entries.filter((ban) => covers(each.network, ban.network));
          const own = within.find((ban) => ban.network === each.network);
          const needed = within.filter(
            (ban) => !within.some((other) => other !== ban && covers(other.network, ban.network)),
          );
          assert.equal(each.endsAt, own?.endsAt ?? Math.min(...needed.map(({ endsAt }) => endsAt)));
          assert.equal(each.reports.length, own === undefined ? needed.length : 1);
        }
      }),
      { numRuns: 500 },
    ));

  it('are no wider than they may become, unless they came so, and what carries IPv4 is not joined', () =>
    fc.assert(
      fc.asyncProperty(anyEntries, async (entries) => {
        const given = new Set(entries.map((each) => each.network));
        for (const { network: each } of await joinEntries(entries, policyWidths, turns)) {
          if (given.has(each)) continue;
          assert.ok(prefixLengthOf(each) >= policyWidths[familyOf(each)]);
          assert.deepEqual(embeddedIpv4(each), []);
        }
      }),
      { numRuns: 500 },
    ));

  it('leave what carries IPv4 as it is, but for what a wider one covers', async () => {
    const carriers = ['64:ff9b::cb00:7100', '64:ff9b::cb00:7101', '2002:cb00:7100::/48', '2002:cb00:7100::1'].map(
      network,
    );
    const joined = await joinEntries(
      carriers.map((each) => entry(each, 1)),
      { 4: 16, 6: 32 },
      turns,
    );
    assert.deepEqual(
      joined.map((each) => each.network),
      carriers.slice(0, 3),
    );
  });

  it('of a hundred thousand let others have their turn', async () => {
    let count = 0;
    const entries = Array.from({ length: 100_000 }, (_, index) => entry(network(addressAt(index * 2)), 1));
    const joined = await joinEntries(
      entries,
      { 4: 16, 6: 32 },
      {
        perTurn: 4_000,
        soon: (then) => {
          count += 1;
          setImmediate(then);
        },
      },
    );
    assert.equal(joined.length, 100_000);
    assert.ok(count > 50, `${count} turns`);
  });
});

function addressAt(index: number): string {
  return `11.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}`;
}

/** All addresses, as ranges of which no two touch: what {@link joinEntries} does, made without prefixes. */
function rangesOf(entries: readonly ListEntry[]): string[] {
  const ranges = entries.map((each) => rangeOf(each.network));
  ranges.sort((a, b) => a.family - b.family || Number(a.first > b.first) - Number(a.first < b.first));
  const whole: { family: number; first: bigint; last: bigint }[] = [];
  for (const { family, first, last } of ranges) {
    const top = whole.at(-1);
    if (top !== undefined && top.family === family && first <= top.last + 1n)
      top.last = last > top.last ? last : top.last;
    else whole.push({ family, first, last });
  }
  return whole.map(({ family, first, last }) => `${family} ${first}-${last}`);
}
