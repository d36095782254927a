import assert from 'node:assert/strict';
import { it } from 'node:test';
import { suiteMaxMs } from '../end-to-end/wait-until.ts';
import { lastFirst } from '../ending.ts';
import { CrowdsecProcess } from './crowdsec-process.ts';

const limits = { timeout: suiteMaxMs };

it(
  'the real CrowdSec tells a bouncer of decisions that are made, imported and taken back, also after a restart',
  limits,
  async (context) => {
    const crowdsec = await CrowdsecProcess.start(lastFirst(context));
    const key = await crowdsec.addBouncer('reader');
    await crowdsec.add('203.0.113.7', { duration: '3h', reason: 'crowdsecurity/ssh-bf' });
    await crowdsec.import([{ duration: '1h', reason: 'many', scope: 'Range', type: 'ban', value: '198.51.100.0/24' }]);
    const started = await ask(crowdsec, key, '?startup=true');
    assert.deepEqual(valuesOf(started.new), ['198.51.100.0/24', '203.0.113.7']);

    await crowdsec.kill();
    await crowdsec.start();
    const [alert] = (await crowdsec.list()).filter(({ decisions }) => decisions[0]?.value === '203.0.113.7');
    await crowdsec.deleteId(alert?.decisions[0]?.id ?? 0);
    await crowdsec.add('2001:db8::7');
    const changed = await ask(crowdsec, key, '');
    assert.deepEqual([valuesOf(changed.deleted), valuesOf(changed.new)], [['203.0.113.7'], ['2001:db8::7']]);
  },
);

interface Streamed {
  readonly new: readonly { readonly value: string }[] | null;
  readonly deleted: readonly { readonly value: string }[] | null;
}

async function ask(crowdsec: CrowdsecProcess, key: string, query: string): Promise<Streamed> {
  const headers = { 'X-Api-Key': key, 'User-Agent': 'test/1' };
  const answer = await fetch(`${crowdsec.url}/v1/decisions/stream${query}`, { headers });
  assert.equal(answer.status, 200);
  const body = await answer.json();
  return body as Streamed;
}

function valuesOf(decisions: Streamed['new']): string[] {
  return (decisions ?? []).map(({ value }) => value).toSorted();
}
