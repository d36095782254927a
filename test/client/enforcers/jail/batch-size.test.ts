import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchSize } from '../../../../client/enforcers/jail/batch-size.ts';

/** The size after so many full calls, when a step costs so many milliseconds. */
function sizeAfter(calls: number, stepMs: number): number {
  const batch = new BatchSize();
  for (let call = 0; call < calls; call += 1) batch.learn(batch.steps, batch.steps * stepMs);
  return batch.steps;
}

test('comes to carry what keeps fail2ban busy for no longer than 0.4 s, whatever one ban costs', () => {
  for (const stepMs of [0.5, 7, 16, 28, 100, 300]) {
    const size = sizeAfter(20, stepMs);
    assert.ok(size * stepMs <= 400 && size * stepMs > 195, `${size} steps of ${stepMs} ms`);
  }
  assert.equal(sizeAfter(20, 0.1), 1_000);
  assert.equal(sizeAfter(20, 5_000), 1);
});

test('learns nothing from a call that was not full, unless it took too long', () => {
  const batch = new BatchSize();
  batch.learn(1, 200);
  assert.equal(batch.steps, 25);
  batch.learn(2, 800);
  assert.equal(batch.steps, 1);
});

test('carries less after each failure, and as much again as soon as calls succeed', () => {
  const batch = new BatchSize();
  for (let call = 0; call < 5; call += 1) batch.learn(batch.steps, 1);
  assert.equal(batch.steps, 800);
  batch.failed();
  assert.equal(batch.steps, 12);
  for (let call = 0; call < 9; call += 1) batch.failed();
  assert.equal(batch.steps, 1);
  for (let call = 0; call < 12; call += 1) batch.learn(batch.steps, 1);
  assert.equal(batch.steps, 1_000);
});
