import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Step } from '../../../shared/enforcer.ts';
import { HeldEntries } from '../../../shared/held-entries.ts';
import { RefusedNetworks } from '../../../shared/reconcile/refused-networks.ts';
import { entry, network } from '../../contracts/reconciler-bench.ts';

const add = (text: string): Step => ({ verb: 'add', entry: entry(text) });
const held = (...texts: readonly string[]): HeldEntries =>
  new HeldEntries(texts.map((text) => ({ network: network(text), spelling: text, owner: 'ours' as const })));

describe('what a firewall refuses', () => {
  /** Before each list: what it said that it added; then what the list holds. */
  const cases: readonly (readonly [
    name: string,
    looks: readonly (readonly [string[], string[]])[],
    refused: string[],
  ])[] = [
    ['nothing that it keeps', [[['192.0.2.1'], ['192.0.2.1']]], []],
    ['nothing yet that is missing once: a hand edit', [[['192.0.2.1'], []]], []],
    [
      'what is missing twice',
      [
        [['192.0.2.1'], []],
        [['192.0.2.1'], []],
      ],
      ['192.0.2.1'],
    ],
    [
      'nothing that a wider entry blocks',
      [
        [['192.0.2.1'], ['192.0.2.0/24']],
        [['192.0.2.1'], ['192.0.2.0/24']],
      ],
      [],
    ],
    [
      'nothing that came back',
      [
        [['192.0.2.1'], []],
        [['192.0.2.1'], []],
        [['192.0.2.1'], ['192.0.2.1']],
      ],
      [],
    ],
    [
      'nothing that was not added again',
      [
        [['192.0.2.1'], []],
        [[], []],
      ],
      [],
    ],
  ];
  for (const [name, looks, expected] of cases) {
    it(`is ${name}`, () => {
      const refused = new RefusedNetworks();
      for (const [added, listed] of looks) {
        for (const text of added) refused.noteDone(add(text));
        refused.noteListed(held(...listed));
      }
      assert.deepEqual(
        refused.notBlocked.map((each) => each.network),
        expected,
      );
    });
  }

  const reject = (refused: RefusedNetworks, text: string): void => refused.reject(add(text), 'no CIDR here');
  const desiring = (...texts: readonly string[]) => new Map(texts.map((text) => [network(text), entry(text)]));
  const removal = (text: string): Step => ({
    verb: 'remove',
    entry: { network: network(text), spelling: text, owner: 'ours' },
  });
  const networksOf = (all: readonly { readonly network: string }[]): string[] => all.map((each) => each.network);

  it('is what it rejects, with its reason, and between the next list and the next try too', () => {
    const refused = new RefusedNetworks();
    reject(refused, '192.0.2.1');
    assert.deepEqual([...refused.notNow], ['192.0.2.1']);
    assert.match(refused.reasonOf(network('192.0.2.1')) ?? '', /does not take it: no CIDR here$/);
    refused.noteListed(held());
    assert.deepEqual([[...refused.notNow], networksOf(refused.notBlocked)], [[], ['192.0.2.1']]);
    refused.noteDone(add('192.0.2.1'));
    assert.deepEqual(refused.notBlocked, []);
  });

  it('is each address in a network that it rejects', () => {
    const refused = new RefusedNetworks();
    reject(refused, '192.0.2.0/24');
    const isRefused = (text: string): boolean => refused.reasonOf(network(text)) !== undefined;
    assert.deepEqual(['192.0.2.7', '192.0.2.0/25', '192.0.2.0/23', '192.0.3.1'].map(isRefused), [
      true,
      true,
      false,
      false,
    ]);
  });

  it('is not what a list holds, or nobody wants any more', () => {
    const refused = new RefusedNetworks();
    for (const text of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) reject(refused, text);
    refused.noteListed(held('192.0.2.1'));
    refused.notePlanned(desiring('192.0.2.1', '192.0.2.3'));
    assert.deepEqual(networksOf(refused.notBlocked), ['192.0.2.3']);
  });

  it('is an entry that it does not let go, until it is gone or wanted', () => {
    const refused = new RefusedNetworks();
    for (const text of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) refused.reject(removal(text), 'exit code 119');
    const kept = { network: network('192.0.2.1'), spelling: '192.0.2.1', owner: 'ours' as const };
    assert.equal(refused.mayRemove(kept), false);
    assert.match(refused.reasonToKeep(kept) ?? '', /does not let it go: exit code 119$/);
    refused.noteListed(held('192.0.2.1', '192.0.2.2'));
    assert.equal(refused.mayRemove(kept), true);
    refused.notePlanned(desiring('192.0.2.2'));
    assert.deepEqual([networksOf(refused.notFreed), refused.notBlocked], [['192.0.2.1'], []]);
  });

  it('is not what was unbanned since', () => {
    const refused = new RefusedNetworks();
    for (let looks = 0; looks < 2; looks += 1) {
      refused.noteDone(add('192.0.2.1'));
      refused.noteListed(held());
    }
    refused.noteDone(removal('192.0.2.1'));
    assert.deepEqual(refused.notBlocked, []);
  });
});
