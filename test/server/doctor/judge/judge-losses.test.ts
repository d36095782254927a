import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LossFacts } from '../../../../server/doctor/facts/read-running-server.ts';
import { judgeLosses } from '../../../../server/doctor/judge/judge-losses.ts';
import { lossSubjects } from '../../../../server/ledger/ledger.ts';

function saidOf(loss: Omit<LossFacts, 'text'>): { consequence: string; command: string } {
  const [said] = judgeLosses({ losses: [{ ...loss, text: 'it is lost' }] });
  return { consequence: said?.consequence ?? '', command: said?.command ?? '' };
}

describe('what is lost', () => {
  for (const about of lossSubjects) {
    it(`of ${about} has words of its own, and ends with accept-loss`, () => {
      const said = saidOf({ about, holdsBack: about === 'decisions' });
      assert.match(said.command, /fail2networkban-server accept-loss$/);
      const others = lossSubjects.filter((other) => other !== about);
      for (const other of others)
        assert.notEqual(saidOf({ about: other, holdsBack: other === 'decisions' }).consequence, said.consequence);
    });
  }

  it('with what protected from bans says that bans wait', () => {
    for (const about of ['record', 'decisions'] as const)
      assert.match(saidOf({ about, holdsBack: true }).consequence, /no new one is put into force until accept-loss/);
  });

  it('of a note or of decisions does not say that bans of the record count no more', () => {
    for (const about of ['note', 'identity', 'decisions'] as const)
      assert.doesNotMatch(saidOf({ about, holdsBack: false }).consequence, /does not count any more/);
  });
});
