import assert from 'node:assert/strict';
import { link, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TemporaryError } from '../../../shared/errors.ts';
import {
  ArgumentError,
  callLocalSocket,
  type LocalVerb,
  NotRunningError,
  serveLocalSocket,
} from '../../../shared/host/local-socket.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';

const echo: LocalVerb = (args) => ({ heard: args });

testWithEnding('answers a verb with what it returns, on a socket that only its owner may open', async (test) => {
  const path = join(await makeFolder(test), 'a.sock');
  test.after(await serveLocalSocket(path, new Map([['echo', echo]])));
  assert.deepEqual(await callLocalSocket(path, 'echo', { a: 1 }), { heard: { a: 1 } });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

testWithEnding('tells a wrong argument, and what may pass, from a fault', async (test) => {
  const path = join(await makeFolder(test), 'a.sock');
  const verbs = new Map<string, LocalVerb>([
    ['wrong', () => Promise.reject(new ArgumentError('ip: no'))],
    ['broken', () => Promise.reject(new Error('oh'))],
    ['later', () => Promise.reject(new TemporaryError('not now'))],
  ]);
  test.after(await serveLocalSocket(path, verbs));
  await assert.rejects(callLocalSocket(path, 'wrong', {}), (error) => error instanceof ArgumentError);
  await assert.rejects(callLocalSocket(path, 'broken', {}), { message: 'oh' });
  await assert.rejects(callLocalSocket(path, 'later', {}), (error) => error instanceof TemporaryError);
  await assert.rejects(callLocalSocket(path, 'other', {}), { message: 'no verb other' });
});

testWithEnding('counts as not running before its verbs are there, and where nobody listens', async (test) => {
  const folder = await makeFolder(test);
  const path = join(folder, 'a.sock');
  const verbs = new Map<string, LocalVerb>();
  test.after(await serveLocalSocket(path, verbs));
  await assert.rejects(callLocalSocket(path, 'echo', {}), (error) => error instanceof NotRunningError);
  verbs.set('echo', echo);
  assert.deepEqual(await callLocalSocket(path, 'echo', {}), { heard: {} });
  const absent = join(folder, 'b.sock');
  await assert.rejects(callLocalSocket(absent, 'echo', {}), (error) => error instanceof NotRunningError);
});

testWithEnding('takes the place of a dead process, and not that of a living one', async (test) => {
  const folder = await makeFolder(test);
  const path = join(folder, 'a.sock');
  const closeFirst = await serveLocalSocket(join(folder, 'first.sock'), new Map());
  // A second name for the socket outlives its server, as the file of a killed one does.
  await link(join(folder, 'first.sock'), path);
  await closeFirst();
  test.after(await serveLocalSocket(path, new Map([['echo', echo]])));
  await assert.rejects(serveLocalSocket(path, new Map()), /another process serves this socket/);
  assert.deepEqual(await callLocalSocket(path, 'echo', {}), { heard: {} });
});

testWithEnding('leaves a file alone that is no socket', async (test) => {
  const path = join(await makeFolder(test), 'ledger.db');
  await writeFile(path, 'precious');
  await assert.rejects(serveLocalSocket(path, new Map()), /is no socket/);
  assert.equal(await readFile(path, 'utf8'), 'precious');
});

testWithEnding('names path, length and limit where a path is longer than a socket may have', async (test) => {
  const folder = await makeFolder(test);
  const path = join(folder, 'a'.repeat(107 - folder.length));
  const message = `${path}: has 108 bytes, the path of a Unix socket may have 107`;
  await assert.rejects(serveLocalSocket(path, new Map([['echo', echo]])), { message });
  await assert.rejects(callLocalSocket(path, 'echo', {}), { message });
  const longest = path.slice(0, -1);
  test.after(await serveLocalSocket(longest, new Map([['echo', echo]])));
  assert.deepEqual(await callLocalSocket(longest, 'echo', { a: 1 }), { heard: { a: 1 } });
});
