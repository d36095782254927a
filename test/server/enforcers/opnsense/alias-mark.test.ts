import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keepersIn, otherKeeperIn, withKeeper } from '../../../../server/enforcers/opnsense/alias-mark.ts';

const id = fc.stringMatching(/^[a-z0-9]{4}$/);
const words = fc.stringMatching(/^[A-Za-z0-9 .,:&<>()-]{0,60}$/);

describe('the mark in the description of an alias', () => {
  const cases: readonly (readonly [description: string, keepers: readonly string[], marked: string])[] = [
    ['', [], 'f2nb:k3x9'],
    ['fail2networkban', [], 'fail2networkban f2nb:k3x9'],
    ['f2nb', [], 'f2nb f2nb:k3x9'],
    ['f2nb: bans of the WAN', [], 'f2nb: bans of the WAN f2nb:k3x9'],
    ['f2nb:abcde', [], 'f2nb:abcde f2nb:k3x9'],
    ['xf2nb:abcd', [], 'xf2nb:abcd f2nb:k3x9'],
    ['f2nb:abcd', ['abcd'], 'f2nb:k3x9'],
    ['R&D (f2nb:abcd), do not edit', ['abcd'], 'R&D (f2nb:k3x9), do not edit'],
    ['f2nb:abcd f2nb:k3x9', ['abcd', 'k3x9'], 'f2nb:k3x9 f2nb:k3x9'],
  ];
  for (const [description, keepers, marked] of cases) {
    it(`"${description}" names ${keepers.join() || 'nobody'}, and becomes "${marked}"`, () => {
      assert.deepEqual(keepersIn(description), keepers);
      assert.equal(withKeeper(description, 'k3x9'), marked);
    });
  }

  it('names the one that was written last and nobody else, beside any words, which stay', () => {
    fc.assert(
      fc.property(words, id, id, (text, first, second) => {
        const marked = withKeeper(withKeeper(text, first), second);
        assert.deepEqual([...new Set(keepersIn(marked))], [second]);
        assert.equal(
          otherKeeperIn(marked, (each) => each === second),
          undefined,
        );
        if (keepersIn(text).length === 0) assert.ok(marked.startsWith(text));
        assert.equal(withKeeper(marked, second), marked);
      }),
    );
  });
});
