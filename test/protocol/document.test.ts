import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerMaxMs } from '../../client/connection.ts';
import { goneMs, lookMs, unprovenMs } from '../../client/jails/judge-missing.ts';
import { connectMaxMs, silenceMaxMs } from '../../client/uplink.ts';
import { streamsPerClientMax } from '../../server/ledger/ledger.ts';
import { lackedMs, offerPauseMs } from '../../server/protection/host-offers.ts';
import { closeCodes } from '../../shared/close-code.ts';
import { parseEnrolment } from '../../shared/enrolment.ts';
import { FrameError } from '../../shared/field-reader.ts';
import { defaultPort, subprotocol } from '../../shared/frames.ts';
import { limits } from '../../shared/limits.ts';
import { clientPattern, jailPattern, keyIdPattern } from '../../shared/names.ts';
import { parseNetwork } from '../../shared/network.ts';
import { parseFrameToServer } from '../../shared/parse-frame.ts';
import { refusalKinds } from '../../shared/refusal.ts';
import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import { examples, type Fields, parse, rows, section, text, toClient, toServer } from './protocol-page.ts';
import { vectors } from './vectors.ts';

function isStream(stream: string): boolean {
  const event = { number: 1, verb: 'unban', jail: 'sshd', network: '192.0.2.1' };
  try {
    parseFrameToServer({ type: 'events', stream, events: [event] });
    return true;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
}

/** Names of the fields of an example as its table has them: `events`, `events[].number`. */
function names(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const items = Array.isArray(value) ? value.filter(isObject) : [];
    return [name, ...items.flatMap((item) => Object.keys(item).map((inner) => `${name}[].${inner}`))];
  });
}

function numbersOf(table: string[][]): Record<string, number> {
  return Object.fromEntries(table.map(([name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]));
}

describe('PROTOCOL.md', () => {
  it('names the subprotocol, the port and the patterns of names', () => {
    for (const part of [subprotocol, `wss://HOST:${defaultPort}`]) assert.ok(text.includes(part), part);
    const patterns = new Map(rows(section('Login'), 'what').map(([what = '', pattern = '']) => [what, pattern]));
    assert.equal(patterns.get('client'), clientPattern.source);
    assert.equal(patterns.get('key id'), keyIdPattern.source);
    assert.equal(patterns.get('jail'), jailPattern.source);
    const stream = new RegExp(patterns.get('stream') ?? '');
    for (const id of [
      'a'.repeat(7),
      'a'.repeat(8),
      'Az09_-Az',
      'a'.repeat(64),
      'a'.repeat(65),
      'eight.of',
      'eight of',
    ]) {
      assert.equal(stream.test(id), isStream(id), id);
    }
  });

  it('lists every limit with its value, and no other', () => {
    assert.deepEqual(numbersOf(rows(section('Limits'), 'limit')), { ...limits, streamsPerClientMax });
  });

  it("lists the agent's waits with their values", () => {
    const waits = { connectMaxMs, answerMaxMs, silenceMaxMs, lookMs, goneMs, unprovenMs };
    assert.deepEqual(numbersOf(rows(section('Limits'), 'wait')), waits);
  });

  it('says how long an offer holds, and how often another is taken', () => {
    const found = section('What jails never ban').match(/(\d+) s\b/g);
    assert.deepEqual(
      found,
      [lackedMs, offerPauseMs].map((ms) => `${ms / 1_000} s`),
    );
  });

  it('lists every refusal code with its kind, and no other', () => {
    const table = rows(section('Refusal codes'), 'code').map(([code, kind]) => [code, kind]);
    assert.deepEqual(Object.fromEntries(table), refusalKinds);
  });

  it('lists every close code with its name, and no other', () => {
    const table = rows(section('Close codes'), 'code').map(([code, name]) => [name, Number(code)]);
    assert.deepEqual(Object.fromEntries(table), closeCodes);
  });

  for (const type of ['hello', 'login', ...toServer, ...toClient]) {
    const own = section(`\`${type}\``);

    it(`has examples of ${type} that the program reads whole`, () => {
      const found = examples(own);
      assert.notEqual(found.length, 0);
      for (const example of found) {
        assert.equal(example['type'], type);
        const { seq, ...frame } = example;
        assert.equal(typeof seq, type === 'hello' || type === 'login' ? 'undefined' : 'number');
        assert.deepEqual(parse(example), frame);
      }
    });

    it(`describes the fields of ${type}`, () => {
      const shown = new Set(examples(own).flatMap(names));
      for (const common of ['seq', 'type']) shown.delete(common);
      assert.deepEqual(
        rows(own, 'field')
          .map(([name]) => name)
          .toSorted(),
        [...shown].toSorted(),
      );
    });
  }

  it('has no example outside of its section', () => {
    const inSections = ['hello', 'login', ...toServer, ...toClient].flatMap((type) => examples(section(`\`${type}\``)));
    assert.equal(examples(text).length, inSections.length);
  });

  it('shows how networks are read', () => {
    for (const [spelling = '', canonical] of rows(section('Networks'), 'accepted')) {
      assert.equal(parseNetwork(spelling), canonical, spelling);
    }
    for (const [spelling = ''] of rows(section('Networks'), 'refused')) {
      assert.equal(parseNetwork(spelling), undefined, spelling);
    }
  });

  it('shows an enrolment line that the program reads', () => {
    const [line = ''] = /^fail2networkban:\/\/.*$/m.exec(text) ?? [];
    const enrolment = parseEnrolment(line);
    assert.ok(typeof enrolment === 'object', String(enrolment));
    assert.equal(enrolment.key, `${vectors.keyId}.${vectors.secret}`);
  });

  it('shows the values of the vectors', () => {
    const { login, clientToServer, serverToClient } = vectors.keys;
    assert.deepEqual(rows(section('Sealing'), 'what'), [
      ['login key', login],
      ['session key, client to server', clientToServer],
      ['session key, server to client', serverToClient],
      ['login text', vectors.login.text],
    ]);
    assert.deepEqual(examples(section('`hello`')), [parseObject(vectors.hello)]);
    assert.deepEqual(examples(section('`login`')), [parseObject(vectors.login.payload)]);
    const [empty, , several] = vectors.digests;
    for (const digest of [empty?.digest, several?.digest]) assert.ok(digest !== undefined && text.includes(digest));
  });
});
