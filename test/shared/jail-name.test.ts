import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { carryJail, readJail, showJail } from '../../shared/jail-name.ts';
import { jailPattern } from '../../shared/names.ts';

const long = 'x'.repeat(200);
const table: readonly (readonly [name: string, carried: string])[] = [
  ['sshd', 'sshd'],
  ['nginx-http-auth', 'nginx-http-auth'],
  ['my jail', 'my%20jail'],
  ['a, b', 'a%2C%20b'],
  ['a:b/c', 'a%3Ab%2Fc'],
  ['über', '%C3%BCber'],
  ['100%', '100%25'],
  ['_x', '%5Fx'],
  ['-x', '%2Dx'],
  ['x_y', 'x_y'],
  [`"it's"`, '%22it%27s%22'],
  ['$(id)', '%24%28id%29'],
  ['a~b', 'a%7Eb'],
];
for (const [name, carried] of table) {
  test(`carries the jail ${name} as ${carried}, and shows it as it is`, () => {
    assert.equal(carryJail(name), carried);
    assert.equal(showJail(carried), name);
    assert.equal(readJail(carried), carried);
  });
}

test('cuts a name that is too long, and tells it from others that begin alike', () => {
  assert.match(carryJail(long), /^x{47}~[0-9a-f]{16}$/);
  assert.notEqual(carryJail(long), carryJail(`${long}y`));
  assert.equal(showJail(carryJail(long)), carryJail(long));
});

test('carries any name so that it fits, comes back, and is no other name', () => {
  const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(names, names, (a, b) => {
      assert.match(carryJail(a), jailPattern);
      assert.equal(carryJail(a) === carryJail(b), Buffer.from(a).equals(Buffer.from(b)));
      const shown = showJail(carryJail(a));
      assert.ok(shown === a || shown === carryJail(a));
    }),
  );
});

for (const carried of ['%41', '%4', '%zz', '%0A', '%1B%5B31m', '%FF', '%E2%80%AE', 'a%2d']) {
  test(`shows ${carried} as it came: no name is carried so, or it is not safe to print`, () => {
    assert.equal(showJail(carried), carried);
  });
}
