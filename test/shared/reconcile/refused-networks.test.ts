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
        refused.list().map((each) => each.network),
        expected,
      );
    });
  }

  it('is what it rejects, with its reason, until the next list', () => {
    const refused = new RefusedNetworks();
    refused.reject(network('192.0.2.1'), 'no CIDR here');
    assert.deepEqual([...refused.rejected], ['192.0.2.1']);
    assert.match(refused.reasonOf(network('192.0.2.1')) ?? '', /does not take this network: no CIDR here$/);
    refused.noteListed(held());
    assert.deepEqual(refused.list(), []);
  });

  it('is not what was unbanned since', () => {
    const refused = new RefusedNetworks();
    for (let looks = 0; looks < 2; looks += 1) {
      refused.noteDone(add('192.0.2.1'));
      refused.noteListed(held());
    }
    const gone = { network: network('192.0.2.1'), spelling: '192.0.2.1', owner: 'ours' as const };
    refused.noteDone({ verb: 'remove', entry: gone });
    assert.deepEqual(refused.list(), []);
  });
});
