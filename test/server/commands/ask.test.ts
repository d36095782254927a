import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask } from '../../../server/commands/ask.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { exitCodes } from '../../../shared/exit-codes.ts';
import { type RunningServer, withServer } from '../running-server.ts';

const exitOf = ({ settings: { socket } }: RunningServer, verb: string, args: object = {}) =>
  ask({ socket, verb, args, isJson: true, print: () => undefined, show: () => '' });

describe('a command', () => {
  it('ends with what its answer says: done, refused, or not as it was asked for', () =>
    withServer(async (server) => {
      assert.equal(await exitOf(server, 'ban', { network: '203.0.113.1' }), exitCodes.done);
      assert.equal(await exitOf(server, 'ban', { network: '192.0.2.1' }), exitCodes.refused);
      assert.equal(await exitOf(server, 'allow-add', { network: '::/0' }), exitCodes.refused);
      assert.equal(await exitOf(server, 'allow-remove', { network: '192.0.2.0/24' }), exitCodes.failed);
      assert.equal(await exitOf(server, 'reconcile'), exitCodes.done);
      const error = new EnforcerError('denied', 'the token is refused');
      server.firewall.failNext({ call: 'list', when: 'before', error });
      assert.equal(await exitOf(server, 'reconcile'), exitCodes.failed);
    }));
});
