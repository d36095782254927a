import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { getSystemErrorMap } from 'node:util';
import { ConfigError, configError, TemporaryError } from '../../shared/errors.ts';
import { atPath } from '../../shared/host/at-path.ts';
import { exitCodeOf } from '../../shared/host/exit-code-of.ts';
import { isPassingFault } from '../../shared/passing-fault.ts';

/** An error as Node makes it of a system call that failed. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: …, open '/x'`), { code, errno: -1, syscall: 'open', path: '/x' });
}

const wrongPaths = ['ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ENOTSOCK'];

it('takes every error of the system for one that passes, but for those of a wrong path', () => {
  const codes = [...getSystemErrorMap().values()].map(([code]) => code);
  const lasting = codes.filter((code) => !isPassingFault(systemError(code)));
  assert.deepEqual(lasting.sort(), wrongPaths.sort());
});

it('tells what may pass of a SQLite file from what is wrong in it', () => {
  const passing = ['BUSY', 'BUSY_SNAPSHOT', 'LOCKED', 'FULL', 'IOERR', 'IOERR_FSYNC', 'CANTOPEN', 'READONLY', 'NOMEM'];
  const lasting = ['CORRUPT', 'NOTADB', 'ERROR', 'SCHEMA', 'CONSTRAINT', 'FULLNESS'];
  const fails = (code: string): boolean => isPassingFault(Object.assign(new Error(code), { code: `SQLITE_${code}` }));
  assert.deepEqual(
    passing.filter((code) => !fails(code)),
    [],
  );
  assert.deepEqual(lasting.filter(fails), []);
});

it('looks through to the cause, and takes a fault of ours for none that passes', () => {
  assert.equal(isPassingFault(new Error('no journal', { cause: systemError('ENOSPC') })), true);
  assert.equal(isPassingFault(new TypeError('x is not a function')), false);
  assert.equal(isPassingFault(new TemporaryError('held')), true);
  assert.equal(isPassingFault('ENOSPC'), false);
});

it('ends a program with 75 only when all that is wrong with its configuration may pass', () => {
  const full = configError('/etc/f.ini', '[server] database', 'cannot be used', systemError('ENOSPC'));
  const wrong = configError('/etc/f.ini', '[server] port', 'is no number');
  assert.equal(exitCodeOf(full), 75);
  assert.equal(exitCodeOf(wrong), 78);
  assert.equal(exitCodeOf(new ConfigError([...full.problems, ...wrong.problems])), 78);
  assert.equal(exitCodeOf(systemError('EIO')), 75);
  assert.equal(exitCodeOf(new Error('ours')), 1);
});

it('knows the errors of the real system', async () => {
  assert.equal(isPassingFault(caught(() => readFileSync('/nowhere/x'))), true);
  assert.equal(isPassingFault(caught(() => readFileSync('/'))), false);
  assert.equal(isPassingFault(caught(() => readFileSync('/etc/passwd/x'))), false);
  assert.equal(isPassingFault(caught(() => writeFileSync('/dev/full', 'x'))), true);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const error = await new Promise((resolve) => createServer().once('error', resolve).listen(port, '127.0.0.1'));
  taken.close();
  assert.equal(isPassingFault(error), true);
});

it('names the file of a call whose error has no path', async () => {
  const file = await open('/dev/full', 'w');
  try {
    const error = await atPath('/dev/full', () => file.writeFile('x')).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error);
    assert.equal(error.message, '/dev/full: its disk is full');
    assert.equal(exitCodeOf(error), 75);
  } finally {
    await file.close();
  }
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
