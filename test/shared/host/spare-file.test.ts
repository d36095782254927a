import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { replaceFirst } from '../../../shared/host/spare-file.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';

describe('a text that is kept in the first file that takes it', () => {
  testWithEnding('leaves nothing older in those behind it', async (ending) => {
    const [first, second] = await twoFolders(ending);
    await writeFile(join(second, 'text'), 'old');
    const kept = await replaceFirst([join(first, 'text'), join(second, 'text')], 'new');
    assert.deepEqual(kept, { kind: 'kept', file: join(first, 'text') });
    assert.deepEqual([await readFile(join(first, 'text'), 'utf8'), await readdir(second)], ['new', []]);
  });

  testWithEnding('goes into the second when the first cannot be had', async (ending) => {
    const [first, second] = await twoFolders(ending);
    const kept = await replaceFirst([join(first, 'missing', 'text'), join(second, 'text')], 'new');
    assert.deepEqual(kept, { kind: 'kept', file: join(second, 'text') });
  });

  testWithEnding('stays when both are one file, under one name or through a link', async (ending) => {
    const [first, second] = await twoFolders(ending);
    await symlink(first, join(second, 'link'));
    for (const spare of [join(first, 'text'), join(second, 'link', 'text')]) {
      await replaceFirst([join(first, 'text'), spare], 'new');
      assert.equal(await readFile(join(first, 'text'), 'utf8'), 'new', spare);
    }
  });
});

async function twoFolders(ending: Parameters<typeof makeFolder>[0]): Promise<readonly [string, string]> {
  const dir = await makeFolder(ending);
  for (const name of ['first', 'second']) await mkdir(join(dir, name));
  return [join(dir, 'first'), join(dir, 'second')];
}
