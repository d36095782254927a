import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Namespace } from '../client/enforcers/nftables/namespace.ts';
import { lastFirst } from '../ending.ts';
import { RunningProcess } from './running-process.ts';

it('an agent blocks the bans of others with nftables, also after its end, and takes them off again', async (test) => {
  const ending = lastFirst(test);
  const namespace = await Namespace.make(ending);
  const script = new URL('./nftables-agent-script.js', import.meta.url).pathname;
  const [program, ...lead] = namespace.enter;
  const started = new RunningProcess(program, [...lead, process.execPath, script]);
  ending.after(() => started.kill());
  await started.ended;
  const { code, stdout, stderr } = started.finished();
  assert.equal(code, 0, stderr);
  test.diagnostic(stdout);
  assert.match(stdout, /done$/m);
});
