import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StrayList } from '../../../../server/enforcers/ownership/stray-entries.ts';
import { network } from '../../samples.ts';

/** One look at a firewall, as ledgers with their entries. @returns the ledgers that are alive */
function look(strays: StrayList, found: Readonly<Record<string, readonly string[]>>): string[] {
  strays.begin();
  for (const [id, texts] of Object.entries(found))
    for (const text of texts) strays.add(id, { network: network(text), spelling: text, owner: 'theirs' });
  strays.end('own1');
  return strays.all.filter(({ isAlive }) => isAlive).map(({ id }) => id);
}

describe('StrayList', () => {
  it('knows a ledger as alive once its entries have changed, also when they were all gone meanwhile', () => {
    const strays = new StrayList();
    assert.deepEqual(look(strays, { k3x9: ['192.0.2.1'] }), []);
    assert.deepEqual(look(strays, { k3x9: ['192.0.2.1'] }), []);
    assert.deepEqual(look(strays, {}), []);
    assert.deepEqual(look(strays, { k3x9: ['192.0.2.2'] }), ['k3x9']);
    assert.deepEqual(look(strays, { k3x9: ['192.0.2.2'] }), ['k3x9']);
  });

  it('forgets those that are gone when there were very many', () => {
    const strays = new StrayList();
    look(strays, { k3x9: ['192.0.2.1'] });
    assert.deepEqual(look(strays, { k3x9: ['192.0.2.2'] }), ['k3x9']);
    for (let at = 0; at < 300; at += 1) look(strays, { [`m${at}`]: ['192.0.2.1'] });
    assert.deepEqual(look(strays, { k3x9: ['192.0.2.3'] }), []);
  });
});
