import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseResolvers, readResolvers } from '../../../shared/host/resolvers.ts';

describe('resolvers', () => {
  const cases: readonly (readonly [line: string, addresses: readonly string[]])[] = [
    ['nameserver 192.0.2.53', ['192.0.2.53']],
    ['  nameserver\t2001:DB8::53 ', ['2001:db8::53']],
    ['nameserver fe80::1%eth0', ['fe80::1']],
    ['nameserver 192.0.2.53 # ours', ['192.0.2.53']],
    ['# nameserver 192.0.2.53', []],
    ['; nameserver 192.0.2.53', []],
    ['nameserver resolver.example.org', []],
    ['nameserver', []],
    ['search example.org', []],
    ['options edns0 trust-ad', []],
  ];
  for (const [line, addresses] of cases) {
    it(`are read from "${line}"`, () => assert.deepEqual(parseResolvers(`domain x\n${line}\n`), addresses));
  }

  it('are those of all files that are there, each once', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'f2nb-resolvers-'));
    t.after(() => rm(folder, { recursive: true }));
    const [stub, real, absent] = ['stub', 'real', 'absent'].map((name) => join(folder, name));
    assert.ok(stub !== undefined && real !== undefined && absent !== undefined);
    await writeFile(stub, 'nameserver 127.0.0.53\nnameserver 192.0.2.1\n');
    await writeFile(real, 'nameserver 192.0.2.1\nnameserver 192.0.2.2\n');
    assert.deepEqual(await readResolvers([stub, absent, real]), ['127.0.0.53', '192.0.2.1', '192.0.2.2']);
    assert.deepEqual(await readResolvers([absent]), []);
  });
});
