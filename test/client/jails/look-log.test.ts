import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { JailLook } from '../../../client/jails/jail-look.ts';
import { LookLog } from '../../../client/jails/look-log.ts';
import { limits } from '../../../shared/limits.ts';

function makeLog() {
  const lines: { readonly level: number; readonly leftOut?: string; readonly first?: string }[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  return { lines, lookLog: new LookLog({ log, server: 'main' }) };
}

const look = { beganMs: 0, endedMs: 0, life: undefined, jails: new Map<string, JailLook>() };

test('says once what of ignoreip is not offered, and again when it is something else', () => {
  const { lines, lookLog } = makeLog();
  const said = [['home.example.org'], ['home.example.org'], undefined, ['home.example.org'], [], ['a.example.org']];
  for (const leftOut of said) lookLog.note({ ...look, ignored: leftOut && { networks: [], leftOut } });
  assert.deepEqual(
    lines.map(({ leftOut }) => leftOut),
    ['home.example.org', 'a.example.org'],
  );
});

test('says once that there are too many jails, and names the first that is not compared', () => {
  const { lines, lookLog } = makeLog();
  const empty: JailLook = { list: new Map(), stored: undefined };
  const jails = new Map(Array.from({ length: limits.jailsPerFrameMax + 1 }, (_, at) => [`jail-${at}`, empty]));
  for (let round = 0; round < 2; round += 1) lookLog.note({ ...look, jails });
  assert.deepEqual(
    lines.map(({ first }) => first),
    [`jail-${limits.jailsPerFrameMax}`],
  );
});
