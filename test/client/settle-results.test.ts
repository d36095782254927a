import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NumberedEvent } from '../../client/outbox-event.ts';
import { settleResults } from '../../client/settle-results.ts';
import type { EventResult } from '../../shared/frames.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { network } from '../contracts/reconciler-bench.ts';

function event(number: number): NumberedEvent {
  const address = network(`198.51.100.${number}`);
  return {
    stream: 'stream-1',
    number,
    verb: 'ban',
    jail: 'sshd',
    network: address,
    endsAt: null,
    source: 'jail',
    acceptedAt: 1,
  };
}

function result(number: number, outcome: 'recorded' | 'repeated' | RefusalCode): EventResult {
  if (outcome === 'recorded' || outcome === 'repeated') return { number, outcome };
  return { number, outcome: 'refused', code: outcome, detail: '' };
}

const cases: readonly [
  sentence: string,
  outcomes: readonly Parameters<typeof result>[1][],
  expected: { final: number[]; again: number[]; renumber: number[] },
][] = [
  [
    'is done with what was recorded, repeated or refused for good',
    ['recorded', 'repeated', 'whitelisted'],
    { final: [1, 2, 3], again: [], renumber: [] },
  ],
  [
    'sends again as it is what was refused for now, with nothing final behind it',
    ['recorded', 'rate-limited', 'ledger-unavailable'],
    { final: [1], again: [2, 3], renumber: [] },
  ],
  [
    'gives a new number to what was refused for now in front of something final, which may have passed its number',
    ['rate-limited', 'recorded', 'rate-limited'],
    { final: [2], again: [3], renumber: [1] },
  ],
];
for (const [sentence, outcomes, expected] of cases) {
  test(sentence, () => {
    const events = outcomes.map((_, at) => event(at + 1));
    const results = outcomes.map((outcome, at) => result(at + 1, outcome));
    const { final, again, renumber } = settleResults(events, results);
    const numbers = (list: readonly NumberedEvent[]): number[] => list.map(({ number }) => number);
    assert.deepEqual(
      { final: final.map((each) => each.event.number), again: numbers(again), renumber: numbers(renumber) },
      expected,
    );
  });
}

const mismatches: readonly (readonly EventResult[])[] = [
  [],
  [result(1, 'recorded')],
  [result(1, 'recorded'), result(3, 'recorded')],
  [result(1, 'recorded'), result(1, 'recorded')],
  [result(1, 'recorded'), result(2, 'recorded'), result(3, 'recorded')],
];
for (const results of mismatches) {
  const answered = results.map(({ number }) => number).join(', ') || 'nothing';
  test(`does not believe a server that answers ${answered} to events 1 and 2`, () => {
    assert.throws(() => settleResults([event(1), event(2)], results), { code: 'not-believed' });
  });
}
