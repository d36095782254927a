import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countEntries } from './cluster-fw.ts';
import { digestOf, withDigest } from './digest.ts';
import { formatClusterFw } from './format-cluster-fw.ts';
import { parseClusterFw } from './parse-cluster-fw.ts';

/** What a file becomes when Proxmox rewrites it. */
const REWRITES: readonly { readonly name: string; readonly before: string; readonly after: string }[] = [
  { name: 'an empty file', before: '', after: '' },
  { name: 'comments alone', before: '# nothing\n\n   \n', after: '' },
  { name: 'an empty ipset', before: '[IPSET a1]', after: '[IPSET a1]\n\n\n' },
  {
    name: 'entries out of order',
    before: '[IPSET a1]\n2001:db8::1\n10.0.0.10\n10.0.0.9\n9.9.9.9\n2001:DB8::1\n',
    after: '[IPSET a1]\n\n10.0.0.10\n10.0.0.9\n2001:DB8::1\n2001:db8::1\n9.9.9.9\n\n',
  },
  {
    name: 'duplicates, of which the first stays',
    before: '[IPSET a1]\n10.0.0.1 # first\n10.0.0.1 # second\n10.0.0.1/32 # third\n',
    after: '[IPSET a1]\n\n10.0.0.1 # first\n\n',
  },
  {
    name: 'blanks and comments of entries',
    before: '[ipset A1]  #  about it  \n\t10.0.0.1#x\n! 10.0.0.2   #   y # z  \n10.0.0.3 #\n10.0.0.4 # 0\n',
    after: '[IPSET a1] # about it\n\n10.0.0.1 # x\n!10.0.0.2 # y # z\n10.0.0.3\n10.0.0.4\n\n',
  },
  {
    name: 'lines in an ipset that are no entries',
    before: '[IPSET a1]\nnowhere\n[NOSUCH]\ntwo words\n300.1.1.1\n',
    after: '[IPSET a1]\n\n!\n300.1.1.1\n[NOSUCH]\nnowhere\n\n',
  },
  {
    name: 'lines before the first section',
    before: '10.0.0.1\n[IPSET a1]\n10.0.0.2\n',
    after: '[IPSET a1]\n\n10.0.0.2\n\n',
  },
  {
    name: 'a section twice',
    before: '[IPSET a1]\n10.0.0.1\n\n[IPSET A1]\n10.0.0.2\n',
    after: '[IPSET a1]\n\n10.0.0.2\n\n',
  },
  {
    name: 'CRLF, with which options are not recognised',
    before: '[OPTIONS]\r\nenable: 1\r\n[IPSET a1]\r\n10.0.0.1 # x\r\n',
    after: '[IPSET a1]\n\n10.0.0.1 # x\n\n',
  },
  {
    name: 'options, known and unknown',
    before: '[options]\nENABLE: 01\npolicy_in: drop\nnosuch: 1\nebtables: 2\n',
    after: '[OPTIONS]\n\nenable: 1\npolicy_in: DROP\n\n',
  },
  {
    name: 'sections in another order',
    before:
      '[group web] # w\nIN ACCEPT -p tcp -dport 80\n[RULES]\nOUT DROP -dest 10.0.0.1 -log info # no\n|IN HTTP(ACCEPT) -i net0\nGROUP web -i net1\nIN\n' +
      '[IPSET b1]\n10.0.0.1\n[IPSET a1]\n[ALIASES]\nz1 10.0.0.0/8\nA2 10.0.0.1/32 # x\nbad nowhere\n',
    after:
      '[ALIASES]\n\nA2 10.0.0.1 # x\nz1 10.0.0.0/8\n\n[IPSET a1]\n\n\n[IPSET b1]\n\n10.0.0.1\n\n' +
      '[RULES]\n\nOUT DROP -dest 10.0.0.1 -log info # no\n|IN HTTP(ACCEPT) -i net0\nGROUP web -i net1\n\n' +
      '[group web] # w\n\nIN ACCEPT -p tcp -dport 80\n\n',
  },
  {
    name: 'a comment with a carriage return, a tab and a line separator inside',
    before: '[IPSET a1]\n10.0.0.1 # a\rb\tc\u2028d\u0085\n',
    after: '[IPSET a1]\n\n10.0.0.1 # a\rb\tc\u2028d\u0085\n\n',
  },
];

describe('cluster.fw', () => {
  for (const { name, before, after } of REWRITES) {
    it(`is rewritten: ${name}`, () => assert.equal(formatClusterFw(parseClusterFw(before)), after));
  }

  it('comes out of a second rewriting as it was', () => {
    for (const { after } of REWRITES) assert.equal(formatClusterFw(parseClusterFw(after)), after);
  });

  it('lets a comment written with a newline in it become entries and sections of their own', () => {
    const config = parseClusterFw('[IPSET a1]\n10.0.0.1\n10.0.0.3\n');
    config.ipsets.get('a1')?.entries.push({ cidr: '10.0.0.2', comment: 'x\n[RULES]\nIN ACCEPT' });
    const read = parseClusterFw(formatClusterFw(config));
    assert.deepEqual(
      read.ipsets.get('a1')?.entries.map(({ cidr }) => cidr),
      ['10.0.0.1', '10.0.0.2'],
    );
    assert.equal(read.rules[0]?.action, 'ACCEPT');
  });

  it('says of unusable entries why, and counts them all the same', () => {
    const config = parseClusterFw(
      '[ALIASES]\nhome 10.0.0.0/8\n[IPSET a1]\nhome\ndc/home\naway\n0.0.0.0/0\n1.1.1\n10.0.0.1\n10.0.0.1\n',
    );
    assert.deepEqual(
      config.ipsets.get('a1')?.entries.map(({ errors }) => errors?.cidr),
      [
        undefined,
        undefined,
        "no such alias 'away'",
        'a zero prefix is not allowed in ipset entries\n',
        'value does not look like a valid IP address or CIDR network',
        undefined,
        "duplicate ipset entry for '10.0.0.1'",
      ],
    );
    assert.equal(countEntries(config), 7);
  });
});

describe('digests', () => {
  it('are SHA-1 over sorted keys and values, objects left out', () => {
    assert.equal(digestOf([]), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
    assert.equal(digestOf([{ name: 'blacklist' }]), 'd929af92ab37bffd5866a5528f4db8a74c7c27b3');
    assert.equal(digestOf([{ b: 1, a: 'é', errors: { cidr: 'x' } }]), digestOf([{ a: 'é', b: 1 }]));
  });

  it('stand on every object of a list, so that an empty one shows none', () => {
    assert.deepEqual(withDigest([]), []);
    assert.deepEqual(withDigest([{ name: 'blacklist' }]), [
      { name: 'blacklist', digest: 'd929af92ab37bffd5866a5528f4db8a74c7c27b3' },
    ]);
  });
});
