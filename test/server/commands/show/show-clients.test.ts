import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showClients } from '../../../../server/commands/show/show-clients.ts';
import { timesAt } from '../../../../server/commands/show/times.ts';

const show = showClients(timesAt(0));
const enrolment = 'fail2networkban://web1:key-0001.secret@192.0.2.1:1514';

describe('a key that is handed over', () => {
  it('comes with the command that takes it from standard input, and not as an argument', () => {
    const shown = show.enrolled({ name: 'web1', enrolment });
    assert.match(shown, /^ {2}fail2networkban setup --enroll -$/m);
    assert.equal(shown.split('\n').at(-1), `  ${enrolment}`);
  });

  it('comes with the commands that put it in place of the old one', () => {
    const shown = show.rotated({ name: 'web1', enrolment, oldKeyEndsAt: 60_000 });
    assert.match(shown, /^ {2}fail2networkban enroll --force$/m);
    assert.match(shown, new RegExp(`^ {2}${enrolment}$`, 'm'));
    assert.match(shown, /The old key goes on for 1m\./);
  });
});
