import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Command, CommandError, commandRunner } from '../../../shared/host/command-runner.ts';
import { makeHost } from './temporary-host.ts';

/** What the real one refuses too: words, and a part of what it says. */
const refused: readonly (readonly [string, RegExp])[] = [
  ['role add PveBan --privs Sys.Audit', /'PVE' namespace/],
  ['role add Other --privs Sys.Everything', /invalid privilege/],
  ['role add Other --rights Sys.Audit', /unable to parse option/],
  ['role add', /not enough arguments/],
  ['user add nobody', /valid user name/],
  ['user token list absent@pve', /does not exist/],
  ['acl modify / --users u@pve', /roles: property is missing/],
  ['acl modify / --roles Ban', /is required/],
  ['acl modify / --users u@pve --roles Absent', /role 'Absent' does not exist/],
  ['acl modify / --tokens u@pve!absent --roles Ban', /does not exist/],
  ['acl modify / --users u@pve --roles Ban --propagate no', /boolean/],
  ['role add Ban --privs Sys.Audit', /already exists/],
  ['user add u@pve', /already exists/],
  ['user token add u@pve t', /already exists/],
  ['token add u@pve t', /unknown command/],
];

describe('the emulated pveum', () => {
  it('refuses what the real one refuses', async (t) => {
    const { folder } = await makeHost(t);
    const run = commandRunner(join(folder, 'bin'));
    const pveum = (words: string): Promise<string> => {
      const command: Command = ['pveum', ...words.split(' ')];
      return run(command);
    };
    for (const words of ['role add Ban --privs Sys.Audit', 'user add u@pve', 'user token add u@pve t']) {
      await pveum(words);
    }
    for (const [words, message] of refused) {
      await assert.rejects(pveum(words), (error) => {
        assert.ok(error instanceof CommandError && error.code === 'failed', words);
        assert.match(error.message, message);
        return true;
      });
    }
  });
});
