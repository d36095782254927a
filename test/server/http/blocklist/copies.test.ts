import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blocklistLimits } from '../../../../server/http/blocklist/blocklist-limits.ts';
import { Copies, type Copy } from '../../../../server/http/blocklist/copies.ts';

const moment = { version: 'v1', now: 1_000, nowMs: 50 };

function copy(bytes: number, rest: Partial<Copy> = {}): Copy {
  return { body: Buffer.alloc(bytes), tag: '"x"', version: 'v1', endsAt: 2_000, staleAtMs: 100, ...rest };
}

describe('copies of lists', () => {
  it('are good for one version, until the first entry ends, and as long as they may be old', () => {
    const copies = new Copies();
    copies.put('key', copy(1));
    assert.ok(copies.get('key', moment));
    assert.equal(copies.get('other', moment), undefined);
    assert.equal(copies.get('key', { ...moment, version: 'v2' }), undefined);
    assert.equal(copies.get('key', { ...moment, now: 2_000 }), undefined);
    assert.equal(copies.get('key', { ...moment, nowMs: 100 }), undefined);
  });

  it(`are ${blocklistLimits.copiesMax} at the most: what was not asked for longest goes`, () => {
    const copies = new Copies();
    for (let each = 0; each < blocklistLimits.copiesMax; each += 1) copies.put(`key${each}`, copy(1));
    assert.ok(copies.get('key0', moment));
    copies.put('more', copy(1));
    assert.equal(copies.count, blocklistLimits.copiesMax);
    assert.ok(copies.get('key0', moment));
    assert.equal(copies.get('key1', moment), undefined);
  });

  it(`take ${blocklistLimits.copiesMaxBytes} bytes at the most, and one that is longer is not kept`, () => {
    const copies = new Copies();
    const half = blocklistLimits.copiesMaxBytes / 2;
    for (const key of ['a', 'b', 'b', 'c']) copies.put(key, copy(half));
    assert.equal(copies.bytes, blocklistLimits.copiesMaxBytes);
    assert.equal(copies.get('a', moment), undefined);
    copies.put('b', copy(1));
    assert.equal(copies.bytes, half + 1);
    copies.put('c', copy(blocklistLimits.copiesMaxBytes + 1));
    assert.equal(copies.get('c', moment), undefined);
    assert.equal(copies.bytes, 1);
  });
});
