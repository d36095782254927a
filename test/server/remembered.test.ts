import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { remembered } from '../../server/remembered.ts';

describe('what is remembered', () => {
  it('is found once for each value, a no as well as a yes', () => {
    const looked: string[] = [];
    const isLong = remembered((name: string) => {
      looked.push(name);
      return name.length > 4;
    });
    assert.deepEqual(['sshd', 'nginx', 'sshd', 'nginx'].map(isLong), [false, true, false, true]);
    assert.deepEqual(looked, ['sshd', 'nginx']);
  });
});
