import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { heldMaxCharacters, LineWriter, type WriteResult } from '../../../shared/host/line-writer.ts';
import { ManualClock } from '../../manual-clock.ts';

type Step = { readonly kind: 'part'; readonly share: number } | { readonly kind: 'failed' };

/** A disk that takes what it is told to take of each write, and afterwards everything. */
class Disk {
  text = '';
  readonly #steps: Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = [...steps];
  }

  write(data: Buffer, done: (result: WriteResult) => void): void {
    const step = this.#steps.shift() ?? { kind: 'part', share: 1 };
    if (step.kind === 'failed') {
      done({ kind: 'failed' });
      return;
    }
    const bytes = Math.ceil(data.length * step.share);
    this.text += data.subarray(0, bytes).toString();
    done({ kind: 'written', bytes });
  }

  writeNow(data: Buffer): void {
    this.text += data.toString();
  }
}

/** One that never answers: a pipe whose reader stands still. */
const stuck = { write: () => undefined, writeNow: () => undefined };

const step = fc.oneof(
  fc.record({ kind: fc.constant('part' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('failed' as const) }),
);

describe('lines that are written in the background', () => {
  it('arrive whole and in order, whatever the disk does with each write', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.array(fc.string(), { maxLength: 30 }), (steps, texts) => {
        const clock = new ManualClock();
        const disk = new Disk(steps);
        const writer = new LineWriter({ sink: disk, clock, onLost: () => assert.fail('none is lost') });
        const lines = texts.map((text) => `${JSON.stringify(text)}\n`);
        for (const line of lines) {
          writer.write(line);
          clock.advance(5);
        }
        clock.advance(60_000);
        assert.equal(disk.text, lines.join(''));
      }),
    );
  });

  it('are counted when there is no room to keep them, which is told when writing succeeds again', () => {
    const clock = new ManualClock();
    const disk = new Disk([{ kind: 'failed' }]);
    const lost: number[] = [];
    const writer = new LineWriter({ sink: disk, clock, onLost: (lines) => lost.push(lines) });
    const line = `${'x'.repeat(1_023)}\n`;
    const kept = heldMaxCharacters / line.length;
    writer.write(line);
    for (let count = 0; count < kept + 7; count += 1) writer.write(line);
    assert.deepEqual(lost, []);
    clock.advance(60_000);
    assert.deepEqual(lost, [7]);
    assert.equal(disk.text.length, line.length + heldMaxCharacters);
  });

  it('hold up nobody who waits for the end longer than he says', async () => {
    const clock = new ManualClock();
    const writer = new LineWriter({ sink: stuck, clock, onLost: () => undefined });
    writer.write('a\n');
    const drained = writer.drain(1_000);
    clock.advance(1_000);
    assert.equal(await drained, false);
  });

  it('are forgotten at once when nobody will ever read them', async () => {
    const clock = new ManualClock();
    const gone = {
      write: (_: Buffer, done: (result: WriteResult) => void) => done({ kind: 'gone' }),
      writeNow: () => assert.fail('nobody reads'),
    };
    const writer = new LineWriter({ sink: gone, clock, onLost: () => undefined });
    for (let count = 0; count < 1_000; count += 1) writer.write('a\n');
    assert.equal(await writer.drain(1_000), true);
    writer.endNow();
  });
});
