import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecondLook, secondLookMost } from '../../../../server/enforcers/opnsense/second-look.ts';
import type { Network } from '../../../../shared/network.ts';
import { addresses } from '../../../bench/networks.ts';
import { entry, network } from '../../../contracts/reconciler-bench.ts';
import { ManualClock } from '../../../manual-clock.ts';

const add = (text: string) => ({ verb: 'add', entry: entry(text) }) as const;
const remove = (text: string) =>
  ({ verb: 'remove', entry: { network: network(text), spelling: text, owner: 'ours' } }) as const;
const listed = (...texts: readonly string[]): ReadonlySet<Network> => new Set(texts.map(network));

describe('SecondLook', () => {
  function make(): { readonly look: SecondLook; readonly clock: ManualClock; readonly relists: () => number } {
    const clock = new ManualClock();
    const look = new SecondLook(clock, () => 1);
    let count = 0;
    look.by(() => {
      count += 1;
    });
    return { look, clock, relists: () => count };
  }

  it('asks for one list after a burst of changes', () => {
    const { look, clock, relists } = make();
    look.changed([add('192.0.2.1')]);
    look.changed([remove('192.0.2.2')]);
    clock.advance(4_999);
    assert.equal(relists(), 0);
    clock.advance(1);
    assert.equal(relists(), 1);
    assert.equal(clock.waiting, 0);
  });

  it('complains when changes got lost twice in a row, whether additions or removals, and looks less often', () => {
    const { look, clock, relists } = make();
    look.changed([add('192.0.2.1')]);
    clock.advance(5_000);
    look.compare(listed());
    look.changed([remove('192.0.2.1')]);
    clock.advance(5_000);
    assert.equal(relists(), 1);
    clock.advance(5_000);
    assert.equal(relists(), 2);
    assert.throws(() => look.compare(listed('192.0.2.1')), {
      code: 'retry',
      message: /^1 change .* as remove 192\.0\.2\.1/,
    });
  });

  it('begins anew after changes that are there', () => {
    const { look, clock, relists } = make();
    for (const there of [[], ['192.0.2.1'], []]) {
      look.changed([add('192.0.2.1')]);
      look.compare(listed(...there));
    }
    look.changed([add('192.0.2.1')]);
    look.compare(listed('192.0.2.1'));
    clock.advance(5_000);
    assert.equal(relists(), 1);
    look.changed([add('192.0.2.1')]);
    clock.advance(5_000);
    assert.equal(relists(), 2);
  });

  it('remembers no more changes than its bound', () => {
    const { look } = make();
    look.compare(listed());
    for (const [at, each] of addresses(secondLookMost + 5).entries()) {
      look.changed([add(each)]);
      if (at === 0) look.compare(listed());
    }
    assert.throws(() => look.compare(listed()), { message: new RegExp(`^${secondLookMost} changes`) });
  });

  it('leaves no timer behind', () => {
    const { look, clock } = make();
    look.changed([add('192.0.2.1')]);
    look.close();
    assert.equal(clock.waiting, 0);
  });
});
