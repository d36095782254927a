import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configError, describeError, describeFileError } from '../../shared/errors.ts';

describe('the text of an error', () => {
  const full = new Error('disk is full');
  const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
  for (const [error, text] of [
    ['thrown text', 'thrown text'],
    [full, 'disk is full'],
    [new Error('no write', { cause: full }), 'no write: disk is full'],
    [new Error('no write: disk is full', { cause: full }), 'no write: disk is full'],
    [new Error('GET /version', { cause: refused }), 'GET /version: ECONNREFUSED'],
    [new Error('GET /version', { cause: new Error('') }), 'GET /version: Error'],
  ] as const) {
    it(text, () => assert.equal(describeError(error), text));
  }

  it('does not repeat the path that stands beside it', () => {
    const absent = Object.assign(new Error("ENOENT: no such file or directory, open '/x'"), { code: 'ENOENT' });
    assert.equal(describeFileError(absent), 'it is not there');
    assert.equal(describeFileError(full), 'disk is full');
  });
});

describe('a problem of a configuration', () => {
  it('has a key, or is about the file as a whole', () => {
    assert.equal(configError('f.ini:3', '[s] a', 'is wrong').message, 'f.ini:3: [s] a: is wrong');
    assert.equal(configError('f.ini', undefined, 'is missing').message, 'f.ini is missing');
  });
});
