import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authenticate } from '../../server/authenticate.ts';
import { Clients } from '../../server/clients.ts';
import { FrameError } from '../../shared/field-reader.ts';
import { deriveLoginKey, deriveSessionKeys, seal } from '../../shared/signing.ts';
import { makeClient, network, sampleKey } from './samples.ts';

const serverNonce = Buffer.alloc(32, 1);
const clientNonce = Buffer.alloc(32, 2);
const decoySecret = Buffer.alloc(32, 9);
const otherSecret = Buffer.alloc(32, 8).toString('base64url');
const credentials = {
  clients: new Clients([
    makeClient({
      keys: [
        { kind: 'frames', ...sampleKey, endsAt: Number.POSITIVE_INFINITY },
        { kind: 'http', id: 'http-001', tokenHash: 'ab'.repeat(32), endsAt: Number.POSITIVE_INFINITY },
        { kind: 'frames', id: 'ended-01', secret: sampleKey.secret, endsAt: 1_000 },
      ],
    }),
  ]),
  now: 1_000,
  decoySecret,
  address: network('203.0.113.7'),
  onElsewhere: () => assert.fail('it is bound to no network'),
};

const goodPayload = JSON.stringify({ type: 'login', nonce: clientNonce.toString('base64url'), agent: 'test 1.0' });

function login(
  parts: { client?: string; keyId?: string; secret?: string; payload?: string; nonce?: Buffer } = {},
): string {
  const { client = 'web1', keyId = sampleKey.id, payload = goodPayload, nonce = serverNonce } = parts;
  const secret = Buffer.from(parts.secret ?? sampleKey.secret, 'base64url');
  return `${client}:${keyId}:${seal(deriveLoginKey(secret, nonce), payload)}`;
}

const attempt = (text: string) => authenticate(text, serverNonce, credentials);

describe('a login', () => {
  it('gives the client and the keys of the connection', () => {
    const who = attempt(login());
    assert.equal(who?.client.name, 'web1');
    assert.deepEqual([who.keyId, who.agent], [sampleKey.id, 'test 1.0']);
    const secret = Buffer.from(sampleKey.secret, 'base64url');
    assert.deepEqual(who.keys, deriveSessionKeys(secret, serverNonce, clientNonce));
  });

  const refused: readonly (readonly [what: string, text: string])[] = [
    ['an unknown client', login({ client: 'web9' })],
    ['an unknown client with the secret of a known one', login({ client: 'web9', secret: sampleKey.secret })],
    ['an unknown key', login({ keyId: 'key-0009' })],
    ['a key that has ended', login({ keyId: 'ended-01' })],
    ['the hash of a token', login({ keyId: 'http-001', secret: 'ab'.repeat(32) })],
    ['a wrong secret', login({ secret: otherSecret })],
    [
      'the secret that stands in for unknown ones',
      login({ client: 'web9', secret: decoySecret.toString('base64url') }),
    ],
    ['an answer to another hello', login({ nonce: Buffer.alloc(32, 3) })],
    ['an altered payload', login().replace('test 1.0', 'test 2.0')],
    ['an empty text', ''],
    ['no key id', login().replace(`:${sampleKey.id}`, '')],
    ['a client name that is too long', login({ client: 'a'.repeat(65) })],
    ['a client name with a control character', login({ client: 'web1\n' })],
    ['a client name from the prototype', login({ client: '__proto__' })],
    ['a payload that is no object', login({ payload: '[]' })],
  ];
  for (const [what, text] of refused) it(`is refused for ${what}`, () => assert.equal(attempt(text), undefined));

  it('is refused, and told, where the client is bound to other networks', () => {
    const bound = (from: string) => {
      const told: string[] = [];
      const clients = new Clients([makeClient({ from: [network(from)] })]);
      const onElsewhere = ({ name }: { readonly name: string }) => told.push(name);
      const attemptFrom = (address: string | undefined) => {
        const origin = { clients, address: address === undefined ? undefined : network(address), onElsewhere };
        return authenticate(login(), serverNonce, { ...credentials, ...origin })?.client.name;
      };
      return { told, attemptFrom };
    };
    const { told, attemptFrom } = bound('203.0.113.0/24');
    assert.deepEqual(['203.0.113.7', '198.51.100.7', undefined].map(attemptFrom), ['web1', undefined, undefined]);
    assert.deepEqual(told, ['web1', 'web1']);
    assert.equal(
      authenticate(login({ secret: otherSecret }), serverNonce, credentials),
      undefined,
      'who proves nothing is not told of',
    );
  });

  it('that is authentic and yet no login is not of this protocol', () => {
    const payloads = [
      '{"type":"events"}',
      '{"type":"login","nonce":"short","agent":"a"}',
      '{"type":"login"}',
      '{nonsense}',
    ];
    for (const payload of payloads) assert.throws(() => attempt(login({ payload })), FrameError, payload);
  });

  it('takes as long for an unknown client, an unknown key and a wrong secret', () => {
    const cases = [
      login({ secret: otherSecret }),
      login({ client: 'web9' }),
      login({ keyId: 'key-0009' }),
      login({ keyId: 'ended-01' }),
    ];
    const took = cases.map((): number[] => []);
    for (let round = 0; round < 400; round += 1) {
      for (const [at, text] of cases.entries()) {
        const startedAt = process.hrtime.bigint();
        attempt(text);
        took[at]?.push(Number(process.hrtime.bigint() - startedAt));
      }
    }
    const [known = 0, ...unknown] = took.map(median);
    // Without the work for unknown ones they would take a tenth.
    for (const each of unknown) assert.ok(each > known / 2 && each < known * 2, `${each} ns against ${known} ns`);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
