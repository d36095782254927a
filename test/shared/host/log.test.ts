import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';

const streamsModule = new URL('../../../shared/host/standard-streams.js', import.meta.url).href;
const logModule = new URL('../../../shared/host/log.js', import.meta.url).href;

/** 80 MB, a little in each turn of the event loop. */
const flood = `
  import { openLog } from ${JSON.stringify(logModule)};
  import { StandardStreams } from ${JSON.stringify(streamsModule)};
  const { log } = openLog('flood', 'info', new StandardStreams(process));
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
