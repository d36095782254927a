import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AnswerError } from '../../../../server/enforcers/answer-error.ts';
import { lookForAlias } from '../../../../server/enforcers/opnsense/look-for-alias.ts';
import type { AliasType } from '../../../../server/enforcers/opnsense/opnsense-answers.ts';
import { OpnsenseApi } from '../../../../server/enforcers/opnsense/opnsense-api.ts';
import { systemClock } from '../../../../shared/clock.ts';
import type { EmulatedOpnsense } from '../../../emulators/opnsense/emulated-opnsense.ts';
import { settingsFor, startOpnsense } from './opnsense-under-test.ts';

type Privileges = readonly ('alias' | 'alias_util')[];

/** What the key may, the type that is wanted, and what is seen of an alias that is there and of one that is not. */
const looks: readonly (readonly [Privileges, AliasType | undefined, there: string, absent: string])[] = [
  [['alias', 'alias_util'], 'external', 'found', 'missing'],
  [['alias', 'alias_util'], 'network', 'found', 'missing'],
  [['alias', 'alias_util'], undefined, 'found', 'missing'],
  [['alias'], 'external', 'found', 'missing'],
  [['alias_util'], 'external', 'hidden', 'missing after 403'],
  [['alias_util'], undefined, 'hidden', 'missing after 403'],
  [['alias_util'], 'host', '403 Firewall: Alias: Edit', '403 Firewall: Alias: Edit'],
  [['alias_util'], 'network', '403 Firewall: Alias: Edit', '403 Firewall: Alias: Edit'],
  [[], 'external', '403 Diagnostics: PF Table IP addresses', '403 Diagnostics: PF Table IP addresses'],
  [[], 'network', '403 Firewall: Alias: Edit', '403 Firewall: Alias: Edit'],
];

describe('a look at an alias', () => {
  for (const [privileges, type, there, absent] of looks) {
    const key = privileges.length === 0 ? 'a key for nothing' : `a key for ${privileges.join(' and ')}`;
    it(`with ${key}, where ${type ?? 'any type'} is wanted: ${there}, ${absent}`, async (context) => {
      const { api } = await start(context, privileges);
      assert.equal(await see(api, 'blocklist', type), there);
      assert.equal(await see(api, 'other', type), absent);
    });
  }

  it('takes no other failure for an alias that is hidden', async (context) => {
    const { opnsense, api } = await start(context, ['alias', 'alias_util']);
    for (const status of [401, 404, 500]) {
      opnsense.next({ kind: 'status', status, body: '{}' }, /get_alias/);
      assert.match(await see(api, 'blocklist', 'external'), new RegExp(`^${status}`));
    }
  });
});

interface Started {
  readonly opnsense: EmulatedOpnsense;
  readonly api: OpnsenseApi;
}

async function start(context: TestContext, privileges: Privileges): Promise<Started> {
  const { opnsense, close } = await startOpnsense({ aliases: [{ name: 'blocklist', type: 'external' }], privileges });
  const { endpoint, readKey } = settingsFor(opnsense);
  const api = new OpnsenseApi({ endpoint, readKey, clock: systemClock });
  context.after(async () => {
    api.close();
    await close();
  });
  return { opnsense, api };
}

/** The kind of what is seen, with the refusal that led to it; or the status of a failure, with the privilege that it names. */
async function see(api: OpnsenseApi, name: string, type: AliasType | undefined): Promise<string> {
  try {
    const sight = await lookForAlias(api, { name, ...(type && { type }) }, new AbortController().signal);
    if (sight.kind === 'found') assert.equal(sight.alias.name, name);
    return sight.kind === 'missing' && sight.refusal ? `missing after ${sight.refusal.status}` : sight.kind;
  } catch (error) {
    assert.ok(error instanceof AnswerError, String(error));
    return `${error.status} ${/privilege "(.*)"/.exec(error.message)?.[1] ?? ''}`;
  }
}
