import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatAuthority, withoutBrackets } from '../../shared/authority.ts';

it('an authority has brackets around an IPv6 address and nothing else', () => {
  for (const [host, authority] of [
    ['pve1.example', 'pve1.example:1514'],
    ['192.0.2.1', '192.0.2.1:1514'],
    ['2001:db8::1', '[2001:db8::1]:1514'],
  ] as const) {
    assert.equal(formatAuthority(host, 1514), authority);
    assert.equal(withoutBrackets(new URL(`ws://${authority}`).hostname), host);
  }
});
