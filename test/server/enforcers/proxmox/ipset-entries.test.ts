import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { markIn } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import { commentFor, heldEntries, readEntries, readEntry } from '../../../../server/enforcers/proxmox/ipset-entries.ts';
import { atOnce } from '../../../../server/in-turns.ts';

async function held(...items: readonly object[]): Promise<string[]> {
  const entries = await readEntries(items, atOnce);
  assert.ok(entries);
  return heldEntries(entries, (mark) => mark.kind === 'ledger' && mark.id === 'k3x9').map(
    ({ network, spelling, owner, mark }) => `${network} ${spelling} ${mark ?? owner}`,
  );
}

describe('heldEntries', () => {
  it('takes an entry with the mark of this ledger for ours, and of no other', async () => {
    const entries = await readEntries(
      [
        { cidr: '192.0.2.1', comment: 'f2nb:k3x9 sshd web1' },
        { cidr: '192.0.2.2', comment: 'f2nb:p7q2 sshd web1' },
        { cidr: '192.0.2.3', comment: 'f2nb sshd web1' },
        { cidr: '192.0.2.4', comment: 'f2nb was here too' },
      ],
      atOnce,
    );
    const owners = heldEntries(entries ?? [], (mark) => mark.kind === 'ledger' && mark.id === 'k3x9');
    assert.deepEqual(
      owners.map(({ owner, mark }) => [owner, mark]),
      [
        ['ours', 'f2nb:k3x9'],
        ['theirs', 'f2nb:p7q2'],
        ['theirs', 'f2nb sshd web1'],
        ['theirs', undefined],
      ],
    );
  });

  it('takes an entry without a comment for theirs', async () => {
    assert.deepEqual(await held({ cidr: '192.0.2.1' }), ['192.0.2.1 192.0.2.1 theirs']);
  });

  it('leaves out what blocks nothing: names of aliases, faulty lines, exceptions', async () => {
    const faulty = { cidr: '192.0.2.300', errors: { cidr: 'no' } };
    assert.deepEqual(await held({ cidr: 'dc/office' }, faulty, { cidr: '192.0.2.5', nomatch: 1, comment: 'f2nb' }), []);
  });

  it('gives a line that stands there twice to the administrator when one of both is theirs', async () => {
    const ours = { cidr: '192.0.2.1', comment: 'f2nb:k3x9 sshd' };
    const theirs = { cidr: '192.0.2.1', comment: 'mine', errors: { cidr: 'duplicate ipset entry' } };
    assert.deepEqual(await held(ours, theirs), ['192.0.2.1 192.0.2.1 theirs', '192.0.2.1 192.0.2.1 theirs']);
    assert.deepEqual(await held(ours, { ...ours, errors: { cidr: 'duplicate ipset entry' } }), [
      '192.0.2.1 192.0.2.1 f2nb:k3x9',
      '192.0.2.1 192.0.2.1 f2nb:k3x9',
    ]);
  });

  it('knows one network in two spellings, each with its own owner', async () => {
    assert.deepEqual(await held({ cidr: '2001:DB8::1' }, { cidr: '2001:db8::1', comment: 'f2nb:k3x9' }), [
      '2001:db8::1 2001:DB8::1 theirs',
      '2001:db8::1 2001:db8::1 f2nb:k3x9',
    ]);
  });
});

describe('readEntries', () => {
  for (const data of [null, {}, 'text', [null], ['192.0.2.1']]) {
    it(`does not take ${JSON.stringify(data)} for a listing`, async () =>
      assert.equal(await readEntries(data, atOnce), undefined));
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

/** Comments, and the id that their mark names; `old` is of versions that named none. */
const comments: readonly (readonly [comment: string, mark: string | undefined])[] = [
  ['f2nb:k3x9 sshd web1', 'k3x9'],
  ['f2nb:k3x9', 'k3x9'],
  ['f2nb:0000 a', '0000'],
  ['f2nb sshd web1', 'old'],
  ['f2nb nginx-http-auth host.example+1', 'old'],
  [`f2nb ${'a'.repeat(35)}`, 'old'],
  [`f2nb ${'a'.repeat(34)}`, 'old'],
  ['f2nb', undefined],
  ['f2nb ', undefined],
  ['f2nb was here', 'old'],
  ['f2nb was here too', undefined],
  ['f2nb sshd', undefined],
  ['f2nb: sshd web1', undefined],
  ['f2nb:k3x sshd', undefined],
  ['f2nb:k3x99 sshd', undefined],
  ['f2nb:K3X9 sshd', undefined],
  ['f2nb:k3x9: do not touch', undefined],
  ['f2nb:note that this one stays!', undefined],
  ['f2nbfoo', undefined],
  ['f2nbfoo sshd web1', undefined],
  ['f2nb-exception', undefined],
  ['f2nb sshd wéb1', undefined],
  ['not f2nb sshd web1', undefined],
  [' f2nb sshd web1', undefined],
  ['F2NB sshd web1', undefined],
  ['', undefined],
];

describe('markIn', () => {
  for (const [comment, expected] of comments) {
    it(`finds ${expected ?? 'no mark'} in ${JSON.stringify(comment)}`, () => {
      const mark = markIn(comment);
      assert.equal(mark?.kind === 'ledger' ? mark.id : mark?.kind, expected);
    });
  }

  it('finds its mark in every comment that is made', () => {
    for (const note of [
      '',
      'sshd web1',
      'my%20jail web1',
      'x~0a web1',
      'a',
      ' b',
      '#',
      '\n[RULES]',
      'ä ö',
      'x'.repeat(99),
      `${'x'.repeat(29)} y`,
    ]) {
      assert.deepEqual(markIn(commentFor('k3x9', note)), { kind: 'ledger', id: 'k3x9' }, JSON.stringify(note));
    }
  });
});

describe('commentFor', () => {
  it('begins with the mark', () => assert.equal(commentFor('k3x9', 'sshd web1'), 'f2nb:k3x9 sshd web1'));
  it('is the mark alone for an empty note', () => assert.equal(commentFor('k3x9', ''), 'f2nb:k3x9'));
  it('has 40 characters at most', () => assert.equal(commentFor('k3x9', 'a'.repeat(300)).length, 40));
  it('carries nothing that a cluster.fw reads specially', () => {
    assert.equal(commentFor('k3x9', 'sshd\n\n[RULES]\r\u0000\u2028# "x" é'), 'f2nb:k3x9 sshdRULES x');
  });
});
