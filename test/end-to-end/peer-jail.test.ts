import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { describeEnforcer } from '../contracts/enforcer-contract.ts';
import { askNow, openJail, peerJail, spellingsIn, startWithPeerJail } from './peer-jail-under-test.ts';

const dir = await mkdtemp(join(tmpdir(), 'fail2networkban-peer-jail-'));
const fail2ban = await startWithPeerJail(dir);
after(async () => {
  await fail2ban.stop();
  await rm(dir, { recursive: true });
});

describeEnforcer({
  name: 'the peer jail of the real fail2ban',
  isShared: false,
  start: (clock) => {
    assert.deepEqual(spellingsIn(fail2ban), []);
    return Promise.resolve({
      enforcer: openJail(fail2ban, clock),
      spellings: () => spellingsIn(fail2ban),
      remove: (spelling) => void askNow(fail2ban, 'set', peerJail, 'unbanip', spelling),
      close: async () => void (await fail2ban.client('unban', '--all')),
    });
  },
});
