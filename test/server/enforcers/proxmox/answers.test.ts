import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { openApi } from '../../../../server/enforcers/proxmox/open-api.ts';
import { answerError } from '../../../../server/enforcers/proxmox/proxmox-errors.ts';
import { describeError, EnforcerError } from '../../../../shared/errors.ts';
import { cannedToken, startCanned } from './canned-server.ts';

type Case = readonly [
  what: string,
  answer: (response: ServerResponse) => void,
  code: 'retry' | 'denied' | 'rejected',
  text: RegExp,
];

const json = (status: number, body: unknown, reason?: string) => (response: ServerResponse) => {
  response.writeHead(status, reason, { 'content-type': 'application/json;charset=UTF-8' });
  response.end(JSON.stringify(body));
};
const plain = (status: number, body: string, reason?: string) => (response: ServerResponse) => {
  response.writeHead(status, reason).end(body);
};

const cases: readonly Case[] = [
  ['an empty 200', plain(200, ''), 'retry', /not JSON/],
  ['a 200 with HTML', plain(200, '<html>'), 'retry', /not JSON/],
  ['a 200 whose JSON is cut', plain(200, '{"data":nul'), 'retry', /not JSON/],
  ['a 200 without data', json(200, {}), 'retry', /"data"/],
  ['a 200 with a list', json(200, []), 'retry', /JSON|"data"/],
  ['a 200 with errors', json(200, { data: null, errors: { cidr: 'no' } }), 'retry', /"data"/],
  ['a 204', plain(204, ''), 'denied', /204/],
  ['a redirect', plain(301, 'Moved', 'Moved Permanently'), 'denied', /check url/],
  ['a 400 with errors', json(400, { data: null, errors: { cidr: 'bad one' } }), 'rejected', /cidr: bad one/],
  ['a 401 with an empty body', plain(401, '', 'Authentication failed!'), 'denied', /Authentication failed!.*pveum/],
  [
    'a 403 with a message',
    json(403, { data: null, message: 'Permission check failed (/, Sys.Modify)\n' }),
    'denied',
    /Sys\.Modify\)".*pveum acl/,
  ],
  [
    'a 403 of an old Proxmox',
    json(403, { data: null }, 'Permission check failed'),
    'denied',
    /Permission check failed/,
  ],
  ['a 404', plain(404, ''), 'denied', /check url/],
  [
    'a 500 with the text in the reason only',
    json(500, { data: null }, 'got lock request timeout'),
    'retry',
    /lock request timeout/,
  ],
  ['a 501', plain(501, 'no', 'not implemented'), 'retry', /501/],
  ['a 595', plain(595, '', 'Connection refused'), 'retry', /pvedaemon/],
  ['a 596', plain(596, '', 'Connection timed out'), 'retry', /Connection timed out"$/],
];

describe('an answer that is no success', () => {
  for (const [what, answer, code, text] of cases) {
    it(`${what} is ${code}`, async () => {
      const error = await failureOf((response) => answer(response));
      assert.equal(error.code, code);
      assert.match(describeError(error), text);
      assert.match(error.message, /^GET \/api2\/json\/version: /);
    });
  }

  it('of a change says that this may have been carried out, of a question never', async () => {
    const answered = { status: 596, reason: 'Connection timed out', body: '' };
    for (const [call, isSaid] of [
      ['POST /cluster/firewall/ipset/blacklist', true],
      ['DELETE /cluster/firewall/ipset/blacklist/192.0.2.1', true],
      ['PUT /cluster/firewall/options', true],
      ['GET /cluster/firewall/ipset/blacklist', false],
    ] as const)
      assert.equal(/may have been carried out/.test(answerError(call, answered).message), isSaid, call);
  });

  it('is tried again soon where Proxmox has waited for its lock', async () => {
    const text = "cfs-lock 'firewall-cluster' error: got lock request timeout";
    assert.equal((await failureOf(json(500, { data: null, message: text }))).pauseMaxMs, 5_000);
    assert.equal(
      (await failureOf(json(500, { data: null, message: 'no quorum' }))).pauseMaxMs,
      Number.POSITIVE_INFINITY,
    );
  });

  it('switches to another protocol: retry', async () => {
    const error = await failureOf((response) => {
      response.writeHead(101, { connection: 'upgrade', upgrade: 'other' }).end();
    });
    assert.equal(error.code, 'retry');
    assert.match(describeError(error), /without an answer/);
  });

  it('ends in the middle of its body: retry', async () => {
    const error = await failureOf((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"data":');
      setImmediate(() => response.destroy());
    });
    assert.equal(error.code, 'retry');
  });

  it('is longer than 32 MiB: retry, and no more of it is read', async () => {
    const error = await failureOf((response) => {
      const block = Buffer.alloc(1_048_576, ' ');
      const more = (): void => {
        while (response.write(block));
        response.once('drain', more);
      };
      more();
    });
    assert.equal(error.code, 'retry');
    assert.match(describeError(error), /33554432 bytes/);
  });

  it('cannot bring lines or escapes into a log', async () => {
    const error = await failureOf(json(500, { message: `a\nb\u001b[31m${'x'.repeat(500)}` }));
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    assert.ok(error.message.length < 300);
  });

  it('does not show the token', async () => {
    const error = await failureOf((response) => plain(500, '', 'no')(response));
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(cannedToken.slice(-12)));
  });
});

async function failureOf(answer: (response: ServerResponse) => void): Promise<EnforcerError> {
  const { transport, close } = await startCanned((_request, response) => answer(response));
  try {
    await (await openApi(transport, new AbortController().signal)).version.$get();
  } catch (error) {
    assert.ok(error instanceof EnforcerError, String(error));
    return error;
  } finally {
    close();
  }
  return assert.fail('taken for a success');
}
