import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clientPattern, fitsGlob, jailPattern, keyIdPattern } from '../../shared/names.ts';

describe('names', () => {
  for (const name of ['sshd', 'nginx-http-auth', 'a', '1', 'A.b_c@d+e-f', '%5Fx', 'a%20b', 'a~0', 'x'.repeat(64)]) {
    it(`takes the jail ${name}`, () => assert.match(name, jailPattern));
  }
  for (const name of [
    '',
    '-a',
    '.a',
    '@a',
    'a b',
    'a\n',
    'a\u0000',
    'ä',
    'a;b',
    'a#b',
    '$(id)',
    '../a',
    'x'.repeat(65),
  ]) {
    it(`refuses ${JSON.stringify(name.slice(0, 20))} for jails and clients`, () => {
      assert.doesNotMatch(name, jailPattern);
      assert.doesNotMatch(name, clientPattern);
    });
  }
  it('keeps @ and + to jails', () => assert.doesNotMatch('a@b+c', clientPattern));
  it('takes key ids of 8 base64url characters', () => {
    assert.match('aB3_-xyz', keyIdPattern);
    assert.doesNotMatch('aB3_-xy', keyIdPattern);
    assert.doesNotMatch('aB3_-xyz\n', keyIdPattern);
  });
});

describe('fitsGlob', () => {
  for (const [pattern, name, fits] of [
    ['sshd', 'sshd', true],
    ['sshd', 'sshd2', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['nginx-*', 'nginx-botsearch', true],
    ['nginx-*', 'nginx', false],
    ['*-auth', 'nginx-http-auth', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'ab', false],
    ['ab*ba', 'aba', false],
    ['a**b', 'ab', true],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
    ['', '', true],
  ] as const) {
    it(`${pattern || 'the empty pattern'} ${fits ? 'fits' : 'does not fit'} ${name || 'the empty name'}`, () => {
      assert.equal(fitsGlob(pattern, name), fits);
    });
  }

  it('says what a regular expression says', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 });
    const names = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });
    const property = fc.property(letters, names, (pattern, name) => {
      const expression = pattern
        .split('*')
        .map((part) => part.replaceAll('.', '\\.'))
        .join('.*');
      assert.equal(fitsGlob(pattern, name), new RegExp(`^${expression}$`).test(name));
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it('takes no time for a pattern made to take long', () => {
    assert.equal(fitsGlob('*a'.repeat(30), 'a'.repeat(64).concat('b')), false);
  });
});
