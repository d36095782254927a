import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entityTagOf, fitsTag } from '../../../server/http/entity-tag.ts';
import { makeClient } from '../samples.ts';

describe('the tag of an answer', () => {
  it('is another for each state, url, client, and set of rights', () => {
    const client = makeClient({ name: 'shop', may: ['subscribe'], follows: ['sshd'] });
    const tags = [
      entityTagOf('1 7', client, '/bans'),
      entityTagOf('1 8', client, '/bans'),
      entityTagOf('1 7', client, '/bans?family=4'),
      entityTagOf('1 7', { ...client, name: 'shop2' }, '/bans'),
      entityTagOf('1 7', { ...client, may: ['subscribe', 'operate'] }, '/bans'),
      entityTagOf('1 7', { ...client, follows: ['*'] }, '/bans'),
    ];
    assert.equal(new Set(tags).size, tags.length);
    assert.equal(entityTagOf('1 7', { ...client }, '/bans'), tags[0]);
  });

  it('is found among those that the asker has', () => {
    for (const asked of ['"a"', 'W/"a"', '"b", "a"', '*']) assert.ok(fitsTag(asked, '"a"'), asked);
    for (const asked of [undefined, '', 'a', '"ab"', '"b"']) assert.ok(!fitsTag(asked, '"a"'), asked);
  });
});
