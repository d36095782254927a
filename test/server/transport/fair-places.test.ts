import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FairPlaces } from '../../../server/transport/fair-places.ts';

describe('FairPlaces', () => {
  it('gives a newcomer the oldest place of the neighbourhood that has most', () => {
    const places = new FairPlaces<string>({ all: 4, each: 3 });
    for (const name of ['a1', 'a2', 'a3', 'b1'])
      assert.deepEqual(places.take(name.charAt(0), name), { kind: 'placed' });
    assert.deepEqual(places.take('c', 'c1'), { kind: 'instead-of', other: 'a1' });
    assert.deepEqual(places.take('c', 'c2'), { kind: 'instead-of', other: 'a2' });
    assert.deepEqual(places.take('c', 'c3'), { kind: 'full' });
    assert.equal(places.count, 4);
  });

  it('lets nobody have more than a neighbourhood may, though there is room', () => {
    const places = new FairPlaces<number>({ all: 100, each: 2 });
    assert.deepEqual(
      [1, 2, 3].map((holder) => places.take('a', holder).kind),
      ['placed', 'placed', 'full'],
    );
    places.leave('a', 1);
    assert.equal(places.take('a', 4).kind, 'placed');
  });

  it('never has more than there are, and always lets in who has fewer than another', () => {
    const steps = fc.array(fc.record({ from: fc.constantFrom('a', 'b', 'c', 'd'), leaves: fc.boolean() }), {
      maxLength: 80,
    });
    const property = fc.property(steps, (all) => {
      const model = new Model();
      for (const [holder, { from, leaves }] of all.entries()) model.step(holder, from, leaves);
    });
    fc.assert(property);
  });
});

/** Who holds a place, kept beside the places themselves. */
class Model {
  readonly #places = new FairPlaces<number>({ all: 6, each: 4 });
  readonly #held = new Map<number, string>();

  step(holder: number, from: string, leaves: boolean): void {
    const oldest = [...this.#held].find(([, each]) => each === from)?.[0];
    if (leaves && oldest !== undefined) {
      this.#places.leave(from, oldest);
      this.#held.delete(oldest);
    } else this.#take(holder, from);
    assert.equal(this.#places.count, this.#held.size);
  }

  #take(holder: number, from: string): void {
    const most = Math.max(...[...this.#held.values()].map((each) => this.#countOf(each)));
    const own = this.#countOf(from);
    const mustEnter = own < 4 && (this.#held.size < 6 || own < most);
    const placed = this.#places.take(from, holder);
    assert.equal(placed.kind !== 'full', mustEnter);
    if (placed.kind === 'instead-of') this.#held.delete(placed.other);
    if (placed.kind !== 'full') this.#held.set(holder, from);
  }

  #countOf(from: string): number {
    return [...this.#held.values()].filter((each) => each === from).length;
  }
}
