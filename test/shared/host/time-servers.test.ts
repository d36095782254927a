import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseTimeServers, readTimeServers } from '../../../shared/host/time-servers.ts';
import { makeFolder } from '../../ending.ts';

describe('time servers', () => {
  for (const [text, servers] of [
    [
      '[Time]\nNTP=192.0.2.1 time.example.org\n#NTP=no.example\nFallbackNTP=2001:db8::1\n',
      ['192.0.2.1', 'time.example.org', '2001:db8::1'],
    ],
    ['NTP=\n', []],
    [
      '# Use Debian vendor zone.\npool 2.debian.pool.ntp.org iburst\nserver -4 192.0.2.7 prefer\npeer b.example.org#x\n',
      ['2.debian.pool.ntp.org', '192.0.2.7', 'b.example.org'],
    ],
    ['sourcedir /etc/chrony/sources.d\nserverstats on\n', []],
    ['', []],
  ] as const)
    it(`are ${servers.join(', ') || 'none'} in ${JSON.stringify(text)}`, () =>
      assert.deepEqual(parseTimeServers(text), servers));

  it('are read from files and from all files of folders, each once', async (context) => {
    const folder = await makeFolder(context);
    await mkdir(join(folder, 'conf.d'));
    await writeFile(join(folder, 'chrony.conf'), 'pool a.example.org\n');
    await writeFile(join(folder, 'conf.d', 'more.conf'), 'server b.example.org\nserver a.example.org\n');
    const files = ['chrony.conf', 'conf.d', 'absent'].map((name) => join(folder, name));
    assert.deepEqual(await readTimeServers(files), ['a.example.org', 'b.example.org']);
  });
});
