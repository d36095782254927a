import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressFromDigits, addressFromWords } from '../../../shared/host/kernel-address.ts';
import { addressBits, familyOf, networkFrom, rangeOf } from '../../../shared/network.ts';

describe('addresses of the kernel', () => {
  it('are read in both of its orders', () => {
    assert.equal(addressFromWords('0100007F'), '127.0.0.1');
    assert.equal(addressFromWords('B80D0120000000000000000001000000'), '2001:db8::1');
    assert.equal(addressFromDigits('20010db8000000000000000000000001'), '2001:db8::1');
    for (const text of ['', '0100007', '0100007G', 'rem_address']) assert.equal(addressFromWords(text), undefined);
  });

  it('come back as they were written', () => {
    const anyWords = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 4, maxLength: 4 });
    const property = fc.property(anyWords, fc.constantFrom(1, 4), (words, count) => {
      const bytes = new Uint8Array(Uint32Array.from(words.slice(0, count)).buffer);
      // As the kernel does on a little-endian machine: each word is read from memory and printed as a number.
      const written = words.slice(0, count).map((word) => word.toString(16).toUpperCase().padStart(8, '0'));
      const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
      const read = addressFromWords(written.join(''));
      assert.equal(read, networkFrom(count === 1 ? 4 : 6, value, count * 32));
      assert.ok(read !== undefined && rangeOf(read).prefixLength === addressBits[familyOf(read)]);
    });
    fc.assert(property);
  });
});
