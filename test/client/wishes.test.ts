import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Wishes } from '../../client/wishes.ts';

function makeWishes() {
  const handlers = new Map<string, () => void>();
  const wishes = new Wishes((name, handle) => handlers.set(name, handle));
  return { wishes, signal: (name: string) => handlers.get(name)?.() };
}

describe('wishes', () => {
  it('are told as the signals come', async () => {
    const { wishes, signal } = makeWishes();
    for (const [name, wish] of [
      ['SIGHUP', 'reload'],
      ['SIGINT', 'stop'],
      ['SIGTERM', 'stop'],
    ] as const) {
      const next = wishes.next();
      signal(name);
      assert.equal(await next, wish);
    }
  });

  it('that come early are kept, once', async () => {
    const { wishes, signal } = makeWishes();
    signal('SIGHUP');
    signal('SIGHUP');
    assert.equal(await wishes.next(), 'reload');
    const next = wishes.next();
    signal('SIGTERM');
    assert.equal(await next, 'stop');
  });

  for (const order of [
    ['SIGTERM', 'SIGHUP'],
    ['SIGHUP', 'SIGTERM'],
  ]) {
    it(`to stop are not lost to one to reload: ${order.join(', ')}`, async () => {
      const { wishes, signal } = makeWishes();
      for (const name of order) signal(name);
      assert.equal(await wishes.next(), 'stop');
    });
  }
});
