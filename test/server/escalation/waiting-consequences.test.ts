import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Consequence } from '../../../server/escalation/escalation-rules.ts';
import { WaitingConsequences } from '../../../server/escalation/waiting-consequences.ts';
import { network } from '../samples.ts';

function of(client: string, last: number): Consequence {
  return { jail: 'repeat', network: network(`192.0.2.${last}`), client, at: 0, forMs: 1_000 };
}

const texts = (consequences: readonly Consequence[]): string[] =>
  consequences.map(({ client, network: which }) => `${client} ${which}`);

describe('WaitingConsequences', () => {
  it('has whoever has most give way, its newest first', () => {
    const waiting = new WaitingConsequences(4);
    for (const last of [1, 2, 3, 4]) assert.equal(waiting.put(of('web1', last)), false);
    assert.equal(waiting.put(of('web1', 5)), true);
    assert.equal(waiting.put(of('web2', 6)), true);
    assert.equal(waiting.put(of('web2', 7)), true);
    assert.equal(waiting.put(of('web2', 8)), true);
    assert.deepEqual(texts(waiting.take(9)), ['web1 192.0.2.1', 'web2 192.0.2.6', 'web1 192.0.2.2', 'web2 192.0.2.7']);
    assert.equal(waiting.size, 0);
  });

  it('is taken out by turns, also where there are more clients than are taken at once', () => {
    const waiting = new WaitingConsequences(100);
    for (const client of ['web1', 'web2', 'web3'])
      for (const last of [1, 2]) waiting.put(of(client, last * 10 + Number(client.at(-1))));
    assert.deepEqual(texts(waiting.take(2)), ['web1 192.0.2.11', 'web2 192.0.2.12']);
    assert.deepEqual(texts(waiting.take(2)), ['web3 192.0.2.13', 'web1 192.0.2.21']);
    assert.equal(waiting.size, 2);
  });

  it('holds one of each network and jail, whoever led to it, and none that was taken back', () => {
    const waiting = new WaitingConsequences(100);
    waiting.put(of('web1', 1));
    waiting.put(of('web2', 1));
    waiting.put(of('web2', 2));
    waiting.delete('repeat', network('192.0.2.2'));
    assert.deepEqual([waiting.size, texts(waiting.take(9))], [1, ['web2 192.0.2.1']]);
  });
});
