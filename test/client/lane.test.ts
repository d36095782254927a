import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Lane, type Outcome, watchersMax } from '../../client/lane.ts';
import { network } from '../server/samples.ts';

it('a lane keeps no more watchers than it may, and forgets the one that has waited longest', () => {
  const lane = new Lane(0, () => undefined);
  const heard: Outcome[] = [];
  const event = (number: number) =>
    ({
      stream: 'stream-1',
      number,
      verb: 'ban',
      jail: 'sshd',
      network: network('203.0.113.1'),
      endsAt: null,
      source: 'hand',
      acceptedAt: 1,
    }) as const;
  for (let number = 1; number <= watchersMax + 1; number += 1) lane.watch(number, (outcome) => heard.push(outcome));
  for (let number = 1; number <= watchersMax + 2; number += 1) lane.add(event(number));
  assert.deepEqual(heard.length, watchersMax);
  assert.deepEqual(heard[0], { number: 2, outcome: 'superseded' });
});

it('a lift stays beside what is said later of the same network, in its order', () => {
  const lane = new Lane(0, () => undefined);
  const said = (number: number, verb: 'ban' | 'unban' | 'lift') =>
    lane.add({
      stream: 'stream-1',
      number,
      verb,
      jail: 'by-hand',
      network: network('203.0.113.1'),
      endsAt: null,
      source: 'hand',
      acceptedAt: 1,
    });
  said(1, 'lift');
  said(2, 'unban');
  said(3, 'ban');
  assert.deepEqual(
    lane.first(9).map(({ number, verb }) => `${number} ${verb}`),
    ['1 lift', '3 ban'],
  );
  said(4, 'lift');
  assert.deepEqual(
    lane.first(9).map(({ number, verb }) => `${number} ${verb}`),
    ['3 ban', '4 lift'],
  );
});
