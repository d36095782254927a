import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exitCodes } from '../../../shared/exit-codes.ts';

const program = join(import.meta.dirname, '..', '..', '..', 'server', 'main.js');

function run(...words: readonly string[]) {
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
}

describe('the commands', () => {
  it('setup: says in one sentence why it cannot, and ends with 1', () => {
    const { status, stdout, stderr } = run('setup', '--yes', '--user', 'root@pam');
    assert.deepEqual([status, stdout], [exitCodes.failed, '']);
    assert.equal(stderr, '--user root@pam: allowed is NAME@REALM, and not root\n');
  });

  it('doctor: ends with 2 when the configuration cannot be used', () => {
    const { status, stdout } = run('doctor', '--json', '--config', '/nonexistent/server.ini');
    assert.equal(status, exitCodes.refused);
    const { verdict, findings } = JSON.parse(stdout);
    assert.equal(verdict, 'broken');
    assert.deepEqual(Object.keys(findings[0]).sort(), ['code', 'command', 'consequence', 'fact', 'level', 'subject']);
  });
});
