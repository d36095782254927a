import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Serial } from '../../shared/serial.ts';

describe('Serial', () => {
  it('begins a work when the one before has ended, in the order of asking', async () => {
    const serial = new Serial();
    const seen: string[] = [];
    const work = (name: string, turns: number) => async (): Promise<string> => {
      seen.push(`${name} begins`);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      seen.push(`${name} ends`);
      return name;
    };
    const answers = await Promise.all([
      serial.inTurn(work('slow', 9)),
      serial.inTurn(work('quick', 0)),
      serial.inTurn(work('last', 1)),
    ]);
    assert.deepEqual(answers, ['slow', 'quick', 'last']);
    assert.deepEqual(seen, [
      ...['slow begins', 'slow ends'],
      ...['quick begins', 'quick ends'],
      ...['last begins', 'last ends'],
    ]);
  });

  it('tells a failure to its caller alone, and goes on with the next', async () => {
    const serial = new Serial();
    const rejected = serial.inTurn(() => Promise.reject(new Error('no space left')));
    const thrown = serial.inTurn(() => {
      throw new Error('not even begun');
    });
    const next = serial.inTurn(() => Promise.resolve('written'));
    await assert.rejects(rejected, /no space left/);
    await assert.rejects(thrown, /not even begun/);
    assert.equal(await next, 'written');
    assert.equal(await serial.inTurn(() => Promise.resolve('later')), 'later');
  });

  it('gives a work that asks for another its own turn, behind it', async () => {
    const serial = new Serial();
    const seen: string[] = [];
    const later: Promise<void>[] = [];
    const note = (name: string) => async (): Promise<void> => void seen.push(name);
    await serial.inTurn(async () => {
      later.push(serial.inTurn(note('inner')));
      seen.push('outer');
    });
    await Promise.all(later);
    assert.deepEqual(seen, ['outer', 'inner']);
  });
});
