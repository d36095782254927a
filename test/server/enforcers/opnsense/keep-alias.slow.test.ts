import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { withKeeper } from '../../../../server/enforcers/opnsense/alias-mark.ts';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import type { Enforcer } from '../../../../shared/enforcer.ts';
import { EnforcerError } from '../../../../shared/errors.ts';
import { entry } from '../../../contracts/reconciler-bench.ts';
import type { EmulatedOpnsense, EmulatedOpnsenseOptions } from '../../../emulators/opnsense/emulated-opnsense.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { enforcerOn, startOpnsense } from './opnsense-under-test.ts';

const signal = new AbortController().signal;
const types = ['external', 'host', 'network'] as const;
type AliasType = (typeof types)[number];
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Partial<EmulatedOpnsenseOptions>): Promise<EmulatedOpnsense> {
  const { opnsense, close } = await startOpnsense(options);
  ends.push(close);
  return opnsense;
}

/** A server of its own, whose ledger has these ids. */
function serverOn(opnsense: EmulatedOpnsense, aliasType: AliasType, ...ids: readonly string[]): Enforcer {
  const marks = new OwnMarks(ids);
  const made = enforcerOn(opnsense, { aliasType, mayCreate: true, bulkAbove: 1 }, new ManualClock(), marks);
  ends.push(() => made.close());
  return made;
}

const described = (type: string, description: string) => ({ aliases: [{ name: 'blocklist', type, description }] });

/** As the reconciler works: what a list did not allow is not done. @returns why not, undefined when it was */
async function work(server: Enforcer, ...networks: readonly string[]): Promise<EnforcerError | undefined> {
  try {
    await server.list(signal);
    await server.apply(
      networks.map((text) => ({ verb: 'add', entry: entry(text) })),
      signal,
    );
    return undefined;
  } catch (error) {
    assert.ok(error instanceof EnforcerError, String(error));
    return error;
  }
}

const writes = ({ calls }: EmulatedOpnsense): readonly string[] =>
  calls.filter((call) => /(?:set|add|toggle)_item|alias_util\/(?:add|delete|flush)|reconfigure/.test(call));

for (const type of types) {
  describe(`the keeper of an alias of type ${type}`, () => {
    it('stands in its description from the beginning when a server makes it', async () => {
      const opnsense = await start({});
      assert.equal(await work(serverOn(opnsense, type, 'k3x9'), '192.0.2.1'), undefined);
      assert.equal(opnsense.descriptionOf('blocklist'), 'fail2networkban f2nb:k3x9');
    });

    for (const words of ['', 'fail2networkban', 'R&D <WAN>, "bans" of ours &amp; theirs'])
      it(`is put behind the administrator's words at the first look, once: ${words || 'none'}`, async () => {
        const opnsense = await start(described(type, words));
        const server = serverOn(opnsense, type, 'k3x9');
        assert.equal(await work(server, '192.0.2.1'), undefined);
        assert.equal(opnsense.descriptionOf('blocklist'), `${words} f2nb:k3x9`.trim());
        const { length } = writes(opnsense);
        await server.list(signal);
        assert.equal(writes(opnsense).length, length);
      });

    it('is another ledger: it is not written to, and the failure says whose it is and what to do', async () => {
      const opnsense = await start(described(type, 'f2nb:aaaa'));
      opnsense.workplace.pf.add('blocklist', '203.0.113.9');
      const error = await work(serverOn(opnsense, type, 'k3x9'), '192.0.2.1', '192.0.2.2');
      assert.equal(error?.code, 'denied');
      assert.match(error.message, /kept by ledger aaaa.*server's is k3x9.*opnsense take-over blocklist/);
      assert.deepEqual(writes(opnsense), []);
      assert.deepEqual(opnsense.table('blocklist'), ['203.0.113.9']);
    });

    it('is a ledger that this one took over', async () => {
      const opnsense = await start(described(type, 'f2nb:lost'));
      assert.equal(await work(serverOn(opnsense, type, 'k3x9', 'lost'), '192.0.2.1'), undefined);
      assert.equal(opnsense.descriptionOf('blocklist'), 'f2nb:lost');
    });

    const refusals = [
      { status: 500, body: '{"errorMessage":"read-only user"}' },
      { status: 403, body: '{"message":"Forbidden"}' },
      { status: 200, body: '{"result":"failed","validations":{"alias.description":"too long"}}' },
    ];
    for (const { status, body } of refusals)
      it(`is nobody while OPNsense takes no mark (${status}), and the bans go in all the same`, async () => {
        const opnsense = await start(described(type, 'of the WAN'));
        const server = serverOn(opnsense, type, 'k3x9');
        opnsense.next({ kind: 'status', status, body }, /set_item/);
        await server.list(signal);
        assert.equal(opnsense.descriptionOf('blocklist'), 'of the WAN');
        assert.equal(await work(server, '192.0.2.1'), undefined);
        assert.equal(opnsense.descriptionOf('blocklist'), 'of the WAN f2nb:k3x9');
      });

    it('goes to the one that wrote last when two found none at the same time, and the other stops', async () => {
      const opnsense = await start(described(type, ''));
      const [one, two] = [serverOn(opnsense, type, 'aaaa'), serverOn(opnsense, type, 'bbbb')];
      await Promise.all([one.list(signal), two.list(signal)].map((listed) => listed.catch(() => undefined)));
      const keeper = opnsense.descriptionOf('blocklist');
      const [kept, refused] = keeper === 'f2nb:aaaa' ? [one, two] : [two, one];
      assert.equal((await work(refused, '192.0.2.2'))?.code, 'denied');
      assert.equal(await work(kept, '192.0.2.1'), undefined);
      assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1']);
      assert.equal(opnsense.descriptionOf('blocklist'), keeper);
    });

    it('alone changes it, in whatever order two servers work and an administrator hands it over', async () => {
      const opnsense = await start({});
      const step = fc.record({ by: fc.constantFrom('aaaa', 'bbbb'), what: fc.constantFrom('work', 'hand-over') });
      const steps = fc.array(step, { minLength: 2, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(steps, (each) => keepsToKeeper(opnsense, type, each)),
        { numRuns: 40 },
      );
    });
  });
}

interface Turn {
  readonly by: string;
  readonly what: string;
}

/** Whoever looks first keeps an alias that nobody kept, until it is handed over. */
async function keepsToKeeper(opnsense: EmulatedOpnsense, type: AliasType, turns: readonly Turn[]): Promise<void> {
  opnsense.workplace.pf.clear();
  opnsense.configure({ name: 'blocklist', type, description: 'of the WAN' });
  const servers = new Map(['aaaa', 'bbbb'].map((id) => [id, serverOn(opnsense, type, id)]));
  let keeper: string | undefined;
  for (const [at, { by, what }] of turns.entries()) {
    if (what === 'hand-over') {
      opnsense.describe('blocklist', withKeeper(opnsense.descriptionOf('blocklist') ?? '', by));
      keeper = by;
    } else {
      keeper ??= by;
      const server = servers.get(by);
      assert.ok(server);
      await worksAlone(opnsense, server, { isKeeper: by === keeper, at });
    }
  }
  assert.equal(opnsense.descriptionOf('blocklist'), `of the WAN f2nb:${keeper}`);
}

async function worksAlone(
  opnsense: EmulatedOpnsense,
  server: Enforcer,
  { isKeeper, at }: { readonly isKeeper: boolean; readonly at: number },
): Promise<void> {
  const table = opnsense.table('blocklist');
  const done = writes(opnsense).length;
  const error = await work(server, `192.0.2.${at}`, `198.51.100.${at}`);
  assert.equal(error?.code, isKeeper ? undefined : 'denied');
  if (isKeeper) return;
  assert.deepEqual(opnsense.table('blocklist'), table);
  assert.equal(writes(opnsense).length, done);
}

it('an alias whose description the key may not see is filled, as before', async () => {
  const opnsense = await start({ ...described('external', 'f2nb:aaaa'), privileges: ['alias_util'] });
  assert.equal(await work(serverOn(opnsense, 'external', 'k3x9'), '192.0.2.1'), undefined);
  assert.equal(opnsense.descriptionOf('blocklist'), 'f2nb:aaaa');
});
