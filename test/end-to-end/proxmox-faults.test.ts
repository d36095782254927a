import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import { lastFirst, makeFolder } from '../ending.ts';
import { handOver } from './action-text.ts';
import { Fleet } from './fleet.ts';
import { blocksExactly, sectionFor, startProxmox } from './proxmox-under-test.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

/** A Proxmox that goes wrong, and how it is set right again. */
interface Trouble {
  readonly name: string;
  readonly begin: (proxmox: EmulatedProxmox) => void;
  readonly end: (proxmox: EmulatedProxmox) => void;
  readonly code: 'retry' | 'denied';
  /** What `status` says of it. */
  readonly reason: RegExp;
}

const tokenId = ({ token }: EmulatedProxmox): string => token.slice(0, token.indexOf('='));

const troubles: readonly Trouble[] = [
  {
    name: 'whose daemon is stopped',
    begin: ({ conditions }) => (conditions.daemon = 'stopped'),
    end: ({ conditions }) => (conditions.daemon = 'running'),
    code: 'retry',
    reason: /595/,
  },
  {
    name: 'whose daemon hangs and does late what it was asked',
    begin: ({ conditions }) => (conditions.daemon = 'hanging'),
    end: ({ conditions }) => (conditions.daemon = 'running'),
    code: 'retry',
    reason: /596/,
  },
  {
    name: 'whose lock somebody else holds',
    begin: ({ conditions }) => (conditions.lockHeldUntil = Number.POSITIVE_INFINITY),
    end: ({ conditions }) => (conditions.lockHeldUntil = 0),
    code: 'retry',
    reason: /got lock request timeout/,
  },
  {
    name: 'without quorum',
    begin: ({ conditions }) => (conditions.quorate = false),
    end: ({ conditions }) => (conditions.quorate = true),
    code: 'retry',
    reason: /no quorum/,
  },
  {
    name: 'that no longer knows the token',
    begin: (proxmox) => proxmox.revokedTokens.add(tokenId(proxmox)),
    end: (proxmox) => proxmox.revokedTokens.delete(tokenId(proxmox)),
    code: 'denied',
    reason: /401.*token/,
  },
];

describe('a Proxmox in trouble', { concurrency: 3, timeout: suiteMaxMs }, () => {
  for (const { name, begin, end, code, reason } of troubles) {
    it(`${name} gets afterwards what was recorded meanwhile`, async (context) => {
      const fleet = await Fleet.start(context);
      const { agent } = await fleet.host('web1');
      await handOver('actionban', ['203.0.113.1', '203.0.113.3'], agent.spool);
      await fleet.blocks(['203.0.113.1', '203.0.113.3']);
      begin(fleet.proxmox);
      await handOver('actionban', ['203.0.113.5', '203.0.113.7'], agent.spool);
      await waitUntil('the server says what is wrong', async () => {
        const state = await stateOf(fleet, 'proxmox/main');
        return state.kind === 'failing' && state.code === code && reason.test(state.reason);
      });
      await handOver('actionunban', ['203.0.113.1', '203.0.113.7'], agent.spool);
      await waitUntil('the server has recorded it', async () => (await recorded(fleet)) === '203.0.113.3 203.0.113.5');
      fleet.assertBlocks(['203.0.113.1', '203.0.113.3']);
      end(fleet.proxmox);
      // Waiting for the next try is no part of this: after a refused token it takes a minute.
      await fleet.server.ask('reconcile');
      await fleet.blocks(['203.0.113.3', '203.0.113.5']);
      await waitUntil(
        'the server says that all is well',
        async () => (await stateOf(fleet, 'proxmox/main')).kind === 'in-sync',
      );
    });
  }

  it('that ends connections and cuts answers short gets everything once', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent } = await fleet.host('web1');
    await handOver('actionban', ['203.0.113.1'], agent.spool);
    await fleet.blocks(['203.0.113.1']);
    for (const [index, kind] of (['connection-ends', 'connection-ends-after', 'truncated-json'] as const).entries()) {
      const address = `203.0.113.${10 * index + 11}`;
      fleet.proxmox.faults.next({ kind }, { method: 'POST' });
      fleet.proxmox.faults.next({ kind }, { method: 'GET' });
      await handOver('actionban', [address], agent.spool);
      await fleet.blocks(['203.0.113.1', address]);
      fleet.proxmox.faults.clear();
      fleet.proxmox.faults.next({ kind }, { method: 'DELETE' });
      await handOver('actionunban', [address], agent.spool);
      await fleet.blocks(['203.0.113.1']);
      assert.equal(fleet.proxmox.faults.pending, 0);
    }
  });

  it('that is down when the server starts gets its bans when it is there', async (context) => {
    const ending = lastFirst(context);
    const fleet = await Fleet.start(ending);
    const { agent } = await fleet.host('web1');
    const { port } = fleet.proxmox;
    await fleet.server.stop();
    await fleet.proxmox.close();
    await fleet.server.start();
    await handOver('actionban', ['203.0.113.7', '2001:db8::7'], agent.spool);
    await waitUntil(
      'the server has recorded it',
      async () => (await recorded(fleet)) === '2001:db8::7 203.0.113.7',
      90_000,
    );
    const again = await startProxmox(join(fleet.dir, 'proxmox'), port);
    ending.after(() => again.close());
    await fleet.server.ask('reconcile');
    await blocksExactly(again, ['203.0.113.7', '2001:db8::7']);
  });

  it('does not keep another from being served', async (context) => {
    const ending = lastFirst(context);
    const other = await startProxmox(await makeFolder(ending));
    ending.after(() => other.close());
    const fleet = await Fleet.start(ending, { enforcers: sectionFor('other', other) });
    const { agent } = await fleet.host('web1');
    other.conditions.daemon = 'stopped';
    await handOver('actionban', ['203.0.113.7'], agent.spool);
    await fleet.blocks(['203.0.113.7']);
    await waitUntil('the other fails', async () => (await stateOf(fleet, 'proxmox/other')).kind === 'failing');
    await handOver('actionban', ['203.0.113.9'], agent.spool);
    await fleet.blocks(['203.0.113.7', '203.0.113.9']);
    assert.equal((await stateOf(fleet, 'proxmox/main')).kind, 'in-sync');
    other.conditions.daemon = 'running';
    await fleet.server.ask('reconcile');
    await blocksExactly(other, ['203.0.113.7', '203.0.113.9']);
  });
});

interface State {
  readonly kind: string;
  readonly code: string;
  readonly reason: string;
}

async function stateOf({ server }: Fleet, enforcer: string): Promise<State> {
  const { enforcers } = (await server.ask('status')) as { enforcers: { name: string; state: State }[] };
  const found = enforcers.find(({ name }) => name === enforcer);
  if (found === undefined) throw new Error(`no enforcer ${enforcer}`);
  return found.state;
}

/** What stands in the ledger, sorted. */
async function recorded({ server }: Fleet): Promise<string> {
  const { bans } = (await server.ask('bans')) as { bans: { network: string }[] };
  return bans
    .map(({ network }) => network)
    .toSorted()
    .join(' ');
}
