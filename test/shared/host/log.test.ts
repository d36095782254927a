import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { makeFolder, testWithEnding } from '../../ending.ts';

const streamsModule = new URL('../../../shared/host/standard-streams.js', import.meta.url).href;
const logModule = new URL('../../../shared/host/log.js', import.meta.url).href;

/** 80 MB, a little in each turn of the event loop. */
const flood = `
  import { openLog } from ${JSON.stringify(logModule)};
  import { StandardStreams } from ${JSON.stringify(streamsModule)};
  const { log } = openLog({ name: 'flood', level: 'info', format: 'auto' }, new StandardStreams(process));
  const text = 'x'.repeat(400);
  const write = (left) => {
    for (let line = 0; line < 2_000; line += 1) log.info(text);
    if (left > 0) setImmediate(write, left - 1);
    else process.stderr.write('done');
  };
  write(100);
`;

it('holds a bounded number of bytes for a reader of the log that stands still, and goes on when it reads again', async () => {
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', flood], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(writer.stderr, 'data');
  let bytes = 0;
  for await (const chunk of writer.stdout) bytes += Buffer.from(chunk).length;
  assert.ok(bytes > 15_000_000 && bytes < 20_000_000, `${bytes} bytes`);
});

const warning = (format: string): string => `
  import { openLog } from ${JSON.stringify(logModule)};
  import { StandardStreams } from ${JSON.stringify(streamsModule)};
  const streams = new StandardStreams(process, process.env.JOURNAL_STREAM);
  streams.remark('one\\ntwo');
  openLog({ name: 'warning', level: 'info', format: '${format}' }, streams).log.warn({ tookMs: 3 }, 'slow');
`;

testWithEnding(
  'writes sentences where standard output is the journal, and JSON into what it is redirected to',
  async (context) => {
    const folder = await makeFolder(context);
    const [journal, other] = [join(folder, 'journal'), join(folder, 'other')];
    await using output = await open(journal, 'w');
    const { dev, ino } = await stat(journal);
    const write = async (format: string, fd: number): Promise<void> => {
      const environment = { JOURNAL_STREAM: `${dev}:${ino}` };
      const words = ['--input-type=module', '--eval', warning(format)];
      await once(spawn(process.execPath, words, { env: environment, stdio: ['ignore', fd, fd] }), 'exit');
    };
    await write('auto', output.fd);
    await write('json', output.fd);
    const [one, two, sentence, , , json = ''] = (await readFile(journal, 'utf8')).split('\n');
    assert.deepEqual([one, two, sentence], ['<3>one', '<3>two', '<4>slow: took 3 ms']);
    assert.match(json, /^<4>\{"level":40,.*"msg":"slow"\}$/);
    await using redirected = await open(other, 'w');
    await write('auto', redirected.fd);
    assert.match(await readFile(other, 'utf8'), /^one\ntwo\n\{"level":40,.*"msg":"slow"\}\n$/);
  },
);
