import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commentFor, heldEntries, readEntries, readEntry } from '../../../../server/enforcers/proxmox/ipset-entries.ts';

function held(...items: readonly object[]): string[] {
  const entries = readEntries(items);
  assert.ok(entries);
  return heldEntries(entries).map(({ network, spelling, owner }) => `${network} ${spelling} ${owner}`);
}

describe('heldEntries', () => {
  for (const [comment, owner] of [
    ['f2nb', 'ours'],
    ['f2nb sshd web1', 'ours'],
    ['f2nb: sshd', 'ours'],
    ['f2nbx', 'theirs'],
    ['f2nb-exception', 'theirs'],
    ['not f2nb', 'theirs'],
    ['F2NB sshd', 'theirs'],
    ['', 'theirs'],
  ] as const) {
    it(`takes an entry with the comment ${JSON.stringify(comment)} for ${owner}`, () => {
      assert.deepEqual(held({ cidr: '192.0.2.1', comment }), [`192.0.2.1 192.0.2.1 ${owner}`]);
    });
  }

  it('takes an entry without a comment for theirs', () => {
    assert.deepEqual(held({ cidr: '192.0.2.1' }), ['192.0.2.1 192.0.2.1 theirs']);
  });

  it('leaves out what blocks nothing: names of aliases, faulty lines, exceptions', () => {
    const faulty = { cidr: '192.0.2.300', errors: { cidr: 'no' } };
    assert.deepEqual(held({ cidr: 'dc/office' }, faulty, { cidr: '192.0.2.5', nomatch: 1, comment: 'f2nb' }), []);
  });

  it('gives a line that stands there twice to the administrator when one of both is theirs', () => {
    const ours = { cidr: '192.0.2.1', comment: 'f2nb sshd' };
    const theirs = { cidr: '192.0.2.1', comment: 'mine', errors: { cidr: 'duplicate ipset entry' } };
    assert.deepEqual(held(ours, theirs), ['192.0.2.1 192.0.2.1 theirs', '192.0.2.1 192.0.2.1 theirs']);
    assert.deepEqual(held(ours, { ...ours, errors: { cidr: 'duplicate ipset entry' } }), [
      '192.0.2.1 192.0.2.1 ours',
      '192.0.2.1 192.0.2.1 ours',
    ]);
  });

  it('knows one network in two spellings, each with its own owner', () => {
    assert.deepEqual(held({ cidr: '2001:DB8::1' }, { cidr: '2001:db8::1', comment: 'f2nb' }), [
      '2001:db8::1 2001:DB8::1 theirs',
      '2001:db8::1 2001:db8::1 ours',
    ]);
  });
});

describe('readEntries', () => {
  for (const data of [null, {}, 'text', [null], ['192.0.2.1']]) {
    it(`does not take ${JSON.stringify(data)} for a listing`, () => assert.equal(readEntries(data), undefined));
  }
});

describe('readEntry', () => {
  it('takes a line without an address for one that means nothing', () => {
    const errors = { cidr: 'value does not look like a valid IP address or CIDR network' };
    const entry = readEntry({ comment: 'scanner', nomatch: 1, errors });
    assert.deepEqual([entry?.cidr, entry?.network, entry?.comment], ['', undefined, 'scanner']);
  });

  it('takes what is no text for no reason', () => {
    const errors = { cidr: ' no such alias ', other: { toString: 1 } };
    assert.deepEqual(readEntry({ cidr: 'dc/office', errors })?.faults, ['no such alias', '']);
  });
});

describe('commentFor', () => {
  it('begins with the mark', () => assert.equal(commentFor('sshd web1'), 'f2nb sshd web1'));
  it('is the mark alone for an empty note', () => assert.equal(commentFor(''), 'f2nb'));
  it('has 40 characters at most', () => assert.equal(commentFor('a'.repeat(300)).length, 40));
  it('carries nothing that a cluster.fw reads specially', () => {
    assert.equal(commentFor('sshd\n\n[RULES]\r\u0000\u2028# "x" é'), 'f2nb sshdRULES x');
  });
});
