import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDuration, parseDuration } from '../../shared/duration.ts';

describe('parseDuration', () => {
  for (const [text, seconds] of [
    ['0', 0],
    ['90', 90],
    ['30s', 30],
    ['10m', 600],
    ['2h', 7_200],
    ['7d', 604_800],
    ['4w', 2_419_200],
    [' 10m ', 600],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), seconds));
  }

  for (const text of [
    '',
    'm',
    '-1',
    '+1',
    '1.5h',
    '10 m',
    '10M',
    '1h30m',
    '1y',
    '1e3',
    '0x10',
    '12345678901',
    '__proto__',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), undefined));
  }
});

describe('formatDuration', () => {
  for (const [seconds, text] of [
    [null, 'permanent'],
    [0, '0s'],
    [-5, '0s'],
    [59.6, '1m'],
    [90, '1m 30s'],
    [7_500, '2h 5m'],
    [604_800, '1w'],
    [694_861, '1w 1d'],
    [604_801, '1w 1s'],
  ] as const) {
    it(`writes ${seconds} as ${text}`, () => assert.equal(formatDuration(seconds), text));
  }
});
