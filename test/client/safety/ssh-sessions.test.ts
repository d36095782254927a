import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Look, SshSessions } from '../../../client/safety/ssh-sessions.ts';
import { network } from '../../contracts/reconciler-bench.ts';

const minuteMs = 60_000;

/** @param from remote addresses, each with the port of its end */
function look(atMs: number, from: readonly string[], logins: readonly string[] = []): Look {
  const connections = from.map((end) => ({ localPort: 22, remote: network(end.split(' ')[0] ?? ''), ends: end }));
  return { connections, ports: new Set([22]), logins: new Set(logins.map(network)), atMs };
}

describe('SSH sessions', () => {
  it('are all that stand at the first look', () => {
    assert.deepEqual(new SshSessions().take(look(0, ['203.0.113.7 1', '203.0.113.8 1'])), [
      '203.0.113.7',
      '203.0.113.8',
    ]);
  });

  it('are later those that outlived the time that sshd gives for a login', () => {
    const sessions = new SshSessions();
    sessions.take(look(0, []));
    assert.deepEqual(sessions.take(look(minuteMs, ['203.0.113.7 1'])), []);
    assert.deepEqual(sessions.take(look(3 * minuteMs, ['203.0.113.7 1'])), []);
    assert.deepEqual(sessions.take(look(4 * minuteMs, ['203.0.113.7 1'])), ['203.0.113.7']);
  });

  it('are not made by one try after the other', () => {
    const sessions = new SshSessions();
    for (let minute = 0; minute < 10; minute += 1) {
      const found = sessions.take(look(minute * minuteMs, [`203.0.113.66 ${minute}`]));
      assert.deepEqual(found, minute === 0 ? ['203.0.113.66'] : []);
    }
  });

  it('count at once where a user is logged in', () => {
    const sessions = new SshSessions();
    sessions.take(look(0, []));
    const found = sessions.take(look(1, ['203.0.113.7 1', '203.0.113.66 1'], ['203.0.113.7', '203.0.113.9']));
    assert.deepEqual(found, ['203.0.113.7']);
  });

  it('end with their connection, and are none on other ports', () => {
    const sessions = new SshSessions();
    const { connections, ...rest } = look(0, ['203.0.113.7 1']);
    assert.deepEqual(sessions.take({ ...rest, connections, ports: new Set([2222]) }), []);
    assert.deepEqual(sessions.take(look(1, [])), []);
  });
});
