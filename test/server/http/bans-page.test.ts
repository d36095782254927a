import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type PageOrder, pageOf, sorts } from '../../../server/http/api/bans-page.ts';
import { formatCursor, parseCursor } from '../../../server/http/api/cursor.ts';
import type { Report } from '../../../server/ledger/ledger.ts';
import { type Ban, lastEndOf } from '../../../server/standing-bans.ts';
import { ipv4From, type Network, networkFrom } from '../../../shared/network.ts';
import { makeReport, network } from '../samples.ts';

const anyOrder = fc.record({ sort: fc.constantFrom(...sorts), descending: fc.boolean() });
const anyBans = fc
  .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 60 })
  .chain((numbers) => fc.tuple(...numbers.map((number) => anyBan(number))));

function anyBan(number: number): fc.Arbitrary<Ban> {
  const network = number % 3 === 0 ? networkFrom(6, BigInt(number) << 80n, 128) : ipv4From(0xcb_00_71_00 + number, 32);
  const claim = fc.record({
    client: fc.constantFrom('web1', 'web2', 'mail'),
    reportedAt: fc.integer({ min: 0, max: 3 }),
    endsAt: fc.constantFrom(5, 6, Number.POSITIVE_INFINITY),
  });
  return fc.array(claim, { minLength: 1, maxLength: 3 }).map((claims) => banOf(network, claims, number));
}

function banOf(network: Network, claims: readonly Partial<Report>[], sequence: number): Ban {
  const reports = claims.map((claim) => makeReport(network, claim));
  return { network, reports, endsAt: lastEndOf(reports), sequence };
}

/** All pages, one after the other; `between` may change what stands. */
function readAll(
  bans: () => readonly Ban[],
  order: PageOrder,
  limit: number,
  between = (): void => undefined,
): string[] {
  const seen: string[] = [];
  for (let after: ReturnType<typeof parseCursor>; ; between()) {
    const page = pageOf(bans(), { order, after, limit });
    seen.push(...page.bans.map(({ network }) => network));
    const last = page.bans.at(-1);
    if (!page.isCut || last === undefined) return seen;
    after = parseCursor(formatCursor(last, order), order);
    assert.ok(after, 'a cursor is read as it was written');
  }
}

describe('pages of bans', () => {
  it('hold every ban once, in the same order whatever the size of a page', () => {
    fc.assert(
      fc.property(anyBans, anyOrder, fc.integer({ min: 1, max: 20 }), (bans, order, limit) => {
        const whole = readAll(() => bans, order, 1_000);
        assert.equal(new Set(whole).size, bans.length);
        assert.deepEqual(
          readAll(() => bans.toReversed(), order, limit),
          whole,
        );
        const turned = readAll(() => bans, { ...order, descending: !order.descending }, limit);
        assert.deepEqual(turned, whole.toReversed());
      }),
    );
  });

  it('show what stands all the while once, whatever comes and goes between them', () => {
    fc.assert(
      fc.property(anyBans, anyBans, anyOrder, fc.integer({ min: 1, max: 5 }), (staying, passing, order, limit) => {
        const names = new Set(staying.map(({ network }) => network));
        const others = passing.filter(({ network }) => !names.has(network));
        let arePassing = false;
        const bans = () => (arePassing ? [...staying, ...others] : staying);
        const seen = readAll(bans, order, limit, () => {
          arePassing = !arePassing;
        });
        const stayed = seen.filter((network) => staying.some((ban) => ban.network === network));
        assert.deepEqual(
          stayed,
          readAll(() => staying, order, 1_000),
        );
      }),
    );
  });

  it('take no cursor that was made up, or made for another order', () => {
    const order = { sort: 'reported', descending: false } as const;
    const ban = banOf(network('192.0.2.1'), [{}], 1);
    assert.equal(parseCursor(formatCursor(ban, order), { sort: 'end', descending: false }), undefined);
    assert.equal(parseCursor(formatCursor(ban, order), { sort: 'reported', descending: true }), undefined);
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const parts = { sort: 'reported', descending: false, key: 1, network: '192.0.2.1' };
    assert.ok(parseCursor(made(parts), order));
    for (const wrong of [{ key: 'x' }, { key: {} }, { network: 'x' }, { network: 7 }, { descending: 'no' }])
      assert.equal(parseCursor(made({ ...parts, ...wrong }), order), undefined);
    fc.assert(fc.property(fc.string(), (text) => parseCursor(text, order) === undefined));
  });
});
