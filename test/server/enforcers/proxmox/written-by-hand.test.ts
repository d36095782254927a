import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeWrittenByHand, lossesOf } from '../../../../server/enforcers/proxmox/written-by-hand.ts';

const nothing = { commentLines: 0, lostSections: [], repeatedSets: [], unsplit: [] };

/** A cluster.fw, and what of it is read otherwise than it stands there. */
const files: readonly (readonly [what: string, text: string, found: Partial<typeof nothing> | object])[] = [
  ['nothing in an empty file', '', {}],
  [
    'nothing in what Proxmox wrote itself',
    '[OPTIONS]\n\nenable: 1\n\n[ALIASES]\n\noffice 192.0.2.1 # the office\n\n[IPSET blacklist] # bans\n\n!192.0.2.2\n192.0.2.3 # two words\ndc/office\n\n[RULES]\n\nIN SSH(ACCEPT) -log nolog\n\n[group web] # web servers\n\nIN ACCEPT -p tcp -dport 80\n\n',
    {},
  ],
  ['comment lines', '# mine\n[OPTIONS]\n  # inside\nenable: 1\n', { commentLines: 2 }],
  [
    'a line without its # in a set',
    '[IPSET Blacklist]\n192.0.2.1\n 203.0.113.201 scanner of march \n[RULES]\nIN ACCEPT\n',
    { unsplit: [{ number: 3, set: 'blacklist', text: '203.0.113.201 scanner of march' }] },
  ],
  [
    'the same with a comment, and an exception of two words',
    '[IPSET management]\nscanner of march # lost\n!192.0.2.1 too\n',
    {
      unsplit: [
        { number: 2, set: 'management', text: 'scanner of march # lost' },
        { number: 3, set: 'management', text: '!192.0.2.1 too' },
      ],
    },
  ],
  ['entries that end in CR LF, which Proxmox reads', '[IPSET blacklist]\r\n192.0.2.1 # x\r\n192.0.2.2\r\n', {}],
  [
    'headings that end in CR LF, which it does not know',
    '[OPTIONS]\r\nenable: 1\r\n\r\n[IPSET blacklist]\r\n192.0.2.1\r\n[RULES]\r\nIN ACCEPT\r\n',
    { lostSections: ['[OPTIONS]', '[RULES]'], unsplit: [{ number: 7, set: 'blacklist', text: 'IN ACCEPT' }] },
  ],
  ['a set with two sections', '[IPSET blacklist]\n192.0.2.1\n[ipset BLACKLIST]\n', { repeatedSets: ['blacklist'] }],
];

describe('a cluster.fw that is kept by hand', () => {
  for (const [what, text, found] of files) {
    it(`has ${what}`, () => assert.deepEqual(describeWrittenByHand(text), { ...nothing, ...found }));
  }

  it('loses what Proxmox does not read as it stands there', () => {
    const text = '# mine\n[OPTIONS]\r\nenable: 1\n[IPSET x]\n192.0.2.1 two words\n[IPSET X]\n192.0.2.2\n';
    assert.deepEqual(lossesOf(describeWrittenByHand(text)), [
      '1 comment line',
      'the address of 1 line without a # before the comment',
      '[OPTIONS], which ends in CR LF',
      'all but the last [IPSET x]',
    ]);
  });
});
