import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { Handshake } from '../../client/handshake.ts';
import { authenticate } from '../../server/authenticate.ts';
import { Clients } from '../../server/clients.ts';
import { FrameError } from '../../shared/field-reader.ts';
import { digestOf } from '../../shared/jail-digest.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { parseFrameToServer } from '../../shared/parse-frame.ts';
import { parseFrameToClient } from '../../shared/parse-frame-to-client.ts';
import { SealedChannel } from '../../shared/sealed-channel.ts';
import type { SessionKeys } from '../../shared/signing.ts';
import { makeClient } from '../server/samples.ts';
import { type RefusedVector, type SealedVector, vectors } from './vectors.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
const { client, keyId, keys, login } = vectors;
const [secret, serverNonce, clientNonce] = [vectors.secret, vectors.serverNonce, vectors.clientNonce].map(bytes);
assert.ok(secret !== undefined && serverNonce !== undefined && clientNonce !== undefined);

const sessionKeys: SessionKeys = { toServer: bytes(keys.clientToServer), toClient: bytes(keys.serverToClient) };

const attempt = (text: string) =>
  authenticate(text, serverNonce, {
    clients: new Clients([
      makeClient({
        name: client,
        keys: [{ kind: 'frames', id: keyId, secret: vectors.secret, endsAt: Number.POSITIVE_INFINITY }],
      }),
    ]),
    now: 0,
    decoySecret: Buffer.alloc(32, 9),
    address: undefined,
    onElsewhere: () => undefined,
  });

/** Which refusal a text meets after the first `opened` texts of `good` were believed, or undefined. */
function refusalOf(
  { opened, text }: RefusedVector,
  end: 'server' | 'client',
  good: readonly SealedVector[],
): string | undefined {
  const channel = new SealedChannel(sessionKeys, end);
  for (const before of good.slice(0, opened)) assert.equal(channel.open(before.text).kind, 'opened');
  const result = channel.open(text);
  if (result.kind === 'refused') return result.refusal.code;
  try {
    if (end === 'server') parseFrameToServer(result.value);
    else parseFrameToClient(result.value);
    return undefined;
  } catch (error) {
    if (error instanceof FrameError) return error.code;
    throw error;
  }
}

describe('the keys of the vectors', () => {
  /** HKDF-SHA256 of one block, as PROTOCOL.md writes it out. */
  const derive = (salt: Buffer, info: string): string => {
    const extracted = createHmac('sha256', salt).update(secret).digest();
    return createHmac('sha256', extracted).update(`fail2networkban.v1 ${info}\x01`).digest('base64url');
  };
  const bothNonces = Buffer.concat([serverNonce, clientNonce]);

  it('follow from the secret and the nonces as the specification says', () => {
    assert.equal(derive(serverNonce, 'login'), keys.login);
    assert.equal(derive(bothNonces, 'client to server'), keys.clientToServer);
    assert.equal(derive(bothNonces, 'server to client'), keys.serverToClient);
  });

  it('make the MACs', () => {
    const key = bytes(keys.login);
    const mac = createHmac('sha256', key).update(login.payload).digest('base64url');
    assert.equal(login.text, `${client}:${keyId}:${mac}.${login.payload}`);
  });
});

describe('the server', () => {
  it('takes the login and has the keys of the connection', () => {
    const who = attempt(login.text);
    assert.deepEqual([who?.client.name, who?.keyId, who?.agent], [client, keyId, login.agent]);
    assert.deepEqual(who?.keys, sessionKeys);
  });

  for (const { what, text } of vectors.loginsRefused) {
    it(`refuses a login with ${what}`, () => assert.equal(attempt(text), undefined));
  }

  it("reads the client's frames", () => {
    const channel = new SealedChannel(sessionKeys, 'server');
    for (const { seq, text, frame } of vectors.toServer) {
      const opened = channel.open(text);
      assert.ok(opened.kind === 'opened', text);
      assert.equal(opened.value['seq'], seq);
      assert.deepEqual(parseFrameToServer(opened.value), frame);
    }
  });

  it('seals its frames as the vectors have them', () => {
    const channel = new SealedChannel(sessionKeys, 'server');
    for (const { text, frame } of vectors.toClient) assert.equal(channel.seal(frame), text);
  });

  for (const refused of vectors.refusedByServer) {
    it(`refuses ${refused.what}`, () => assert.equal(refusalOf(refused, 'server', vectors.toServer), refused.code));
  }
});

describe('the client', () => {
  const start = () => new Handshake({ client, key: { id: keyId, secret }, nonce: clientNonce, agent: login.agent });

  it('answers the hello with the login, and believes the frames that follow', () => {
    const handshake = start();
    assert.deepEqual(handshake.receive(vectors.hello), { kind: 'reply', text: login.text });
    const [welcome, ...rest] = vectors.toClient;
    assert.ok(welcome !== undefined);
    const step = handshake.receive(welcome.text);
    assert.ok(step.kind === 'done');
    assert.deepEqual(step.session.welcome, welcome.frame);
    for (const { text, frame } of rest) {
      const opened = step.session.channel.open(text);
      assert.ok(opened.kind === 'opened', text);
      assert.deepEqual(parseFrameToClient(opened.value), frame);
    }
  });

  it('seals its frames as the vectors have them', () => {
    const channel = new SealedChannel(sessionKeys, 'client');
    for (const { text, frame } of vectors.toServer) assert.equal(channel.seal(frame), text);
  });

  for (const refused of vectors.refusedByClient) {
    it(`refuses ${refused.what}`, () => assert.equal(refusalOf(refused, 'client', vectors.toClient), refused.code));

    if (refused.opened > 0) continue;
    it(`does not take ${refused.what} for a welcome`, () => {
      const handshake = start();
      handshake.receive(vectors.hello);
      assert.throws(() => handshake.receive(refused.text), { code: 'not-believed' });
    });
  }
});

describe('both ends', () => {
  it('read networks alike', () => {
    for (const [text, canonical] of vectors.networks) assert.equal(parseNetwork(text) ?? null, canonical, text);
  });

  it('make the same digests, in whatever order the networks come', () => {
    for (const { networks, digest } of vectors.digests) {
      const canonical = networks.map(parseNetwork).filter((network): network is Network => network !== undefined);
      assert.equal(canonical.length, networks.length);
      assert.equal(digestOf(canonical), digest);
      assert.equal(digestOf(canonical.toReversed()), digest);
    }
  });
});
