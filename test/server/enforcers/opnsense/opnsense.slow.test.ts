import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { OpnsenseSettings } from '../../../../server/enforcers/opnsense/opnsense-settings.ts';
import type { Enforcer } from '../../../../shared/enforcer.ts';
import { describeError, EnforcerError } from '../../../../shared/errors.ts';
import { entry, network, ReconcilerBench } from '../../../contracts/reconciler-bench.ts';
import type { EmulatedOpnsense, EmulatedOpnsenseOptions } from '../../../emulators/opnsense/emulated-opnsense.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { until } from '../../../until.ts';
import { enforcerOn, firewallsOn, startOpnsense } from './opnsense-under-test.ts';

const signal = new AbortController().signal;
/** As this server has marked them before. */
const external = { name: 'blocklist', type: 'external', description: 'f2nb:test' };
const network_ = { name: 'blocklist', type: 'network', description: 'f2nb:test' };
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Partial<EmulatedOpnsenseOptions> = { aliases: [external] }): Promise<EmulatedOpnsense> {
  const { opnsense, close } = await startOpnsense(options);
  ends.push(close);
  return opnsense;
}

function enforcer(
  opnsense: EmulatedOpnsense,
  changes: Partial<OpnsenseSettings> = {},
  clock = new ManualClock(),
): Enforcer {
  const made = enforcerOn(opnsense, changes, clock);
  ends.push(() => made.close());
  return made;
}

/** The clock of the calls is real: a call under way is not to look like a reconciler that waits. */
function benchOn(opnsense: EmulatedOpnsense, changes: Partial<OpnsenseSettings> = {}): ReconcilerBench {
  const bench = new ReconcilerBench(enforcerOn(opnsense, changes), new ManualClock());
  ends.push(() => bench.stop());
  return bench;
}

async function failureOf(work: Promise<unknown>): Promise<EnforcerError> {
  const error: unknown = await work.then(
    () => assert.fail('no failure'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof EnforcerError, String(error));
  return error;
}

async function add(to: Enforcer, ...texts: readonly string[]): Promise<void> {
  await to.apply(
    texts.map((text) => ({ verb: 'add', entry: entry(text) })),
    signal,
  );
}

describe('an alias of an OPNsense', () => {
  it('is made when it is not there and may be made', async () => {
    for (const aliasType of ['external', 'host', 'network'] as const) {
      const opnsense = await start({});
      assert.deepEqual(await enforcer(opnsense, { aliasType, mayCreate: true }).list(signal), []);
      assert.equal(opnsense.workplace.configuration.byName('blocklist')?.type, aliasType);
      assert.ok(opnsense.workplace.pf.has('blocklist'));
    }
  });

  it('is missed, although OPNsense lists an unknown one as empty', async () => {
    const error = await failureOf(enforcer(await start({})).list(signal));
    assert.equal(error.code, 'denied');
    assert.match(error.message, /there is no alias blocklist: make one of type external .* create = yes/);
  });

  it('is not taken over when it is of another type, or switched off', async () => {
    const opnsense = await start({ aliases: [{ name: 'blocklist', type: 'urltable' }] });
    const wrong = await failureOf(enforcer(opnsense, { mayCreate: true }).list(signal));
    assert.equal(wrong.code, 'denied');
    assert.match(wrong.message, /is of type urltable, not external/);
    opnsense.configure({ ...external, enabled: '0' });
    assert.match(
      (await failureOf(enforcer(opnsense).list(signal))).message,
      /switched off: .*opnsense toggle blocklist/,
    );
  });

  it('needs only the privilege for tables when it is external and there', async () => {
    const opnsense = await start({ aliases: [external], privileges: ['alias_util'] });
    const here = enforcer(opnsense);
    await here.list(signal);
    await add(here, '192.0.2.1');
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1']);
    const other = enforcer(opnsense, { aliases: [{ name: 'other', jails: undefined }] });
    assert.match((await failureOf(other.list(signal))).message, /no table other.*Firewall: Alias: Edit/);
  });

  for (const [privileges, missing] of [
    [['alias'], /Diagnostics: PF Table IP addresses/],
    [['alias_util'], /Firewall: Alias: Edit/],
  ] as const) {
    it(`says that the privilege ${missing.source} is missing`, async () => {
      const opnsense = await start({ aliases: [network_], privileges });
      const error = await failureOf(enforcer(opnsense, { aliasType: 'network' }).list(signal));
      assert.equal(error.code, 'denied');
      assert.match(error.message, missing);
    });
  }

  it('is denied with a key that OPNsense does not know, and taken up again with one that it does', async () => {
    const opnsense = await start();
    let key = 'wrong:wrong';
    const here = enforcer(opnsense, { readKey: () => key });
    const error = await failureOf(here.list(signal));
    assert.equal(error.code, 'denied');
    assert.match(error.message, /401 "Authentication Failed".*System, Access, Users/);
    assert.doesNotMatch(describeError(error), /wrong/);
    [key = ''] = opnsense.keys;
    await here.close();
    await here.list(signal);
  });

  it('of many entries is read whole, also from versions whose -1 means all but the last', async () => {
    for (const version of [24.7, 26.1]) {
      const opnsense = await start({ version, aliases: [external] });
      for (let last = 0; last < 12_000; last += 1)
        opnsense.workplace.pf.add('blocklist', `10.1.${last >> 8}.${last & 255}`);
      const here = enforcer(opnsense);
      assert.equal((await here.list(signal)).length, 12_000);
    }
  });

  it('keeps one connection', async () => {
    const opnsense = await start();
    const here = enforcer(opnsense);
    await here.list(signal);
    await add(here, '192.0.2.1', '192.0.2.2', '2001:db8::1');
    assert.equal(opnsense.connections, 1);
  });
});

describe('an external alias of an OPNsense', () => {
  it('is filled without a write to the configuration, one call an entry', async () => {
    const opnsense = await start();
    const here = enforcer(opnsense);
    await here.list(signal);
    opnsense.calls.length = 0;
    await add(here, '192.0.2.1', '198.51.100.0/24', '2001:db8::a');
    assert.deepEqual(opnsense.calls, Array(3).fill('POST alias_util/add/blocklist'));
    assert.equal(opnsense.workplace.configuration.saves, 0);
  });

  it('loses what others put into it: it is ours', async () => {
    const opnsense = await start();
    opnsense.workplace.pf.add('blocklist', '203.0.113.9');
    const bench = benchOn(opnsense);
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1']);
  });

  it('is filled again after a reboot, at the next comparison', async () => {
    const opnsense = await start();
    const bench = benchOn(opnsense);
    bench.want(entry('192.0.2.1'), entry('198.51.100.0/24'));
    bench.start();
    await bench.reaches('in-sync');
    opnsense.reboot();
    assert.deepEqual(opnsense.table('blocklist'), []);
    await bench.pass(300_000);
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1', '198.51.100.0/24']);
  });

  it('is looked at again soon after a change, and what pf did not take is sent once more', async () => {
    const clock = new ManualClock();
    const { opnsense, bench } = await doubtful(clock);
    opnsense.workplace.pf.isDeaf = true;
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    assert.deepEqual(opnsense.table('blocklist'), []);
    opnsense.workplace.pf.isDeaf = false;
    clock.advance(5_000);
    await until(() => opnsense.table('blocklist').length === 1, 'it is in');
  });

  it('is failing while OPNsense says "done" and pf does not take it', async () => {
    const clock = new ManualClock();
    const { opnsense, bench } = await doubtful(clock);
    opnsense.workplace.pf.limit = 2;
    bench.want(entry('192.0.2.1'), entry('192.0.2.2'), entry('192.0.2.3'));
    bench.start();
    await bench.reaches('in-sync');
    clock.advance(5_000);
    await until(() => bench.enforcer.applies.length === 4, 'the lost one is sent again');
    await bench.reaches('in-sync');
    clock.advance(10_000);
    await bench.reaches('failing');
    const [failure] = bench.eventsOf('failed');
    assert.match(failure?.reason ?? '', /1 change that OPNsense says .* as add 192\.0\.2\.\d: is pf full/);
  });

  /** One that is told when the alias wants to be compared. */
  async function doubtful(clock: ManualClock): Promise<{ opnsense: EmulatedOpnsense; bench: ReconcilerBench }> {
    const opnsense = await start();
    const [firewall] = firewallsOn(opnsense, {}, clock);
    assert.ok(firewall);
    const bench = new ReconcilerBench(firewall.enforcer, clock);
    firewall.onDoubt?.(() => bench.reconciler.relist());
    ends.push(() => bench.stop());
    return { opnsense, bench };
  }
});

describe('an alias of networks of an OPNsense', () => {
  const settings = { aliasType: 'network', bulkAbove: 5 } as const;

  async function filled(...content: readonly string[]): Promise<{ opnsense: EmulatedOpnsense; here: Enforcer }> {
    const opnsense = await start({ aliases: [{ ...network_, content: content.join('\n') }] });
    return { opnsense, here: enforcer(opnsense, settings) };
  }

  it('takes many changes as one content and one reload', async () => {
    const { opnsense, here } = await filled('192.0.2.200/32');
    const [held] = await here.list(signal);
    assert.ok(held);
    opnsense.calls.length = 0;
    const additions = Array.from({ length: 300 }, (_, at) => entry(`10.0.${at >> 8}.${at & 255}`));
    await here.apply(
      [...additions.map((each) => ({ verb: 'add', entry: each }) as const), { verb: 'remove', entry: held }],
      signal,
    );
    assert.equal(opnsense.table('blocklist').length, 300);
    assert.ok(!opnsense.contentOf('blocklist').includes('192.0.2.200/32'));
    assert.equal(opnsense.workplace.configuration.saves, 1);
    assert.deepEqual(
      opnsense.calls.map((call) => call.replace(/[0-9a-f-]{36}/, 'UUID')),
      [
        'GET alias/get_alias_u_u_i_d/blocklist',
        'GET alias/get_item/UUID',
        'POST alias/set_item/UUID',
        'POST alias/reconfigure',
      ],
    );
  });

  it('takes few changes one by one, and has none of them twice', async () => {
    const { opnsense, here } = await filled();
    await here.list(signal);
    for (const _ of [1, 2]) await add(here, '192.0.2.1', '192.0.2.2');
    assert.deepEqual(opnsense.contentOf('blocklist'), ['192.0.2.1/32', '192.0.2.2/32']);
  });

  it('is free of the first entry also where it stood twice, and a reload brings nothing back', async () => {
    const { opnsense } = await filled('192.0.2.1/32', '192.0.2.1/32', '192.0.2.2/32');
    const bench = benchOn(opnsense, settings);
    bench.want(entry('192.0.2.2'));
    bench.start();
    await bench.reaches('in-sync');
    await bench.pass(300_000);
    opnsense.reboot();
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.2']);
    assert.deepEqual(opnsense.contentOf('blocklist'), ['192.0.2.2/32']);
  });

  it('is rid of names, ranges and exceptions that stood in it, and of other spellings', async () => {
    const { opnsense, here } = await filled('example.org', '!192.0.2.7', '198.51.100.5/24', '2001:DB8::1');
    const held = await here.list(signal);
    assert.deepEqual(held.map((each) => each.network).sort(), ['198.51.100.0/24', '2001:db8::1']);
    assert.deepEqual(opnsense.contentOf('blocklist'), ['198.51.100.0/24', '2001:db8::1/128']);
  });

  it('gets into pf what stands in the configuration, and into the configuration what only pf has', async () => {
    const { opnsense, here } = await filled('192.0.2.1/32', '192.0.2.2/32');
    opnsense.workplace.pf.remove('blocklist', '192.0.2.1');
    opnsense.workplace.pf.add('blocklist', '192.0.2.9');
    assert.deepEqual((await here.list(signal)).map((each) => each.network).sort(), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1', '192.0.2.2']);
  });

  it('keeps its content when OPNsense does not take a new one', async () => {
    const opnsense = await start({ aliases: [{ name: 'blocklist', type: 'host', content: '192.0.2.1' }] });
    const here = enforcer(opnsense, { aliasType: 'host', bulkAbove: 0 });
    await here.list(signal);
    assert.equal((await failureOf(add(here, '192.0.2.2', '198.51.100.0/24'))).code, 'rejected');
    opnsense.next(
      { kind: 'answer', body: '{"result":"failed","validations":{"alias.content":"Entry is bad"}}' },
      /set_item/,
    );
    const error = await failureOf(add(here, '192.0.2.3'));
    assert.equal(error.code, 'rejected');
    opnsense.next({ kind: 'answer', body: '{"result":"failed"}' }, /set_item/);
    assert.equal((await failureOf(add(here, '192.0.2.3'))).code, 'retry');
    assert.match(error.message, /alias\.content: Entry is bad/);
    assert.deepEqual(opnsense.contentOf('blocklist'), ['192.0.2.1']);
  });

  it('goes on when pf has no room for what is configured: removals make it', async () => {
    const { opnsense, here } = await filled('192.0.2.1/32', '192.0.2.2/32');
    const [first] = await here.list(signal);
    assert.ok(first);
    opnsense.workplace.pf.limit = 2;
    opnsense.configureOnly('blocklist', '192.0.2.1/32\n192.0.2.2/32\n192.0.2.3/32');
    assert.equal((await here.list(signal)).length, 2);
    await here.apply([{ verb: 'remove', entry: first }], signal);
    assert.equal((await here.list(signal)).length, 2);
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.2', '192.0.2.3']);
  });

  it('is not written over when its content is not understood', async () => {
    const { opnsense, here } = await filled('192.0.2.1/32');
    await here.list(signal);
    for (const content of ['5', '"192.0.2.1"', '{"192.0.2.1/32":1}', '["192.0.2.1/32"]']) {
      const alias = `{"alias":{"name":"blocklist","enabled":"1","type":{"network":{"selected":1}},"description":"","content":${content}}}`;
      opnsense.next({ kind: 'answer', body: alias }, /get_item/);
      const additions = Array.from({ length: 10 }, (_, at) => `10.0.0.${at}`);
      assert.equal((await failureOf(add(here, ...additions))).code, 'retry');
    }
    assert.deepEqual(opnsense.contentOf('blocklist'), ['192.0.2.1/32']);
  });

  it('fails, and holds what it held, when pf has no room for the new content', async () => {
    const { opnsense, here } = await filled('192.0.2.1/32');
    await here.list(signal);
    opnsense.workplace.pf.limit = 3;
    const error = await failureOf(add(here, ...Array.from({ length: 10 }, (_, at) => `10.0.0.${at}`)));
    assert.equal(error.code, 'retry');
    assert.match(error.message, /Cannot allocate memory/);
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1']);
  });
});

describe('an answer of an OPNsense', () => {
  const cases: readonly (readonly [what: string, body: string, status: number, code: string])[] = [
    ['nothing', '', 200, 'retry'],
    ['a page', '<html>', 200, 'retry'],
    ['null', 'null', 200, 'retry'],
    ['a failure in a 200', '{"status":"failed"}', 200, 'retry'],
    [
      'a hint that there is no such alias',
      '{"status":"failed","status_msg":"nonexistent alias blocklist"}',
      200,
      'retry',
    ],
    ['not an address', '{"status":"not_an_address"}', 200, 'rejected'],
    ['a redirect', '', 302, 'denied'],
    ['an unknown endpoint', '{"errorMessage":"Endpoint not found"}', 404, 'denied'],
    ['a fault of its own', '{"errorMessage":"read-only user"}', 500, 'retry'],
    ['a 502', '', 502, 'retry'],
  ];
  for (const [what, body, status, code] of cases) {
    it(`to an addition: ${what} is ${code}`, async () => {
      const opnsense = await start();
      const here = enforcer(opnsense);
      await here.list(signal);
      opnsense.next({ kind: 'status', status, body }, /add/);
      const error = await failureOf(add(here, '192.0.2.1'));
      assert.equal(error.code, code);
      assert.deepEqual(opnsense.table('blocklist'), []);
    });
  }

  it('that does not come is a failure after its time', async () => {
    const clock = new ManualClock();
    const opnsense = await start();
    const here = enforcer(opnsense, {}, clock);
    opnsense.next({ kind: 'silent' });
    const failure = failureOf(here.list(signal));
    await until(() => opnsense.calls.length === 1, 'the call has arrived');
    clock.advance(35_000);
    assert.match(describeError(await failure), /no answer in 35 s/);
  });

  it('that is slow is waited for, and what follows keeps its order', async () => {
    const opnsense = await start();
    const here = enforcer(opnsense);
    await here.list(signal);
    opnsense.next({ kind: 'slow', delayMs: 100 }, /add/);
    const held = { network: network('192.0.2.1'), spelling: '192.0.2.1', owner: 'ours' } as const;
    await Promise.all([add(here, '192.0.2.1'), here.apply([{ verb: 'remove', entry: held }], signal)]);
    assert.deepEqual(opnsense.table('blocklist'), []);
  });

  it('that breaks off after it was carried out is found to be so', async () => {
    const opnsense = await start();
    const here = enforcer(opnsense);
    await here.list(signal);
    opnsense.next({ kind: 'connection-ends', isCarriedOut: true }, /add/);
    await add(here, '192.0.2.1');
    assert.deepEqual(opnsense.table('blocklist'), ['192.0.2.1']);
  });

  it('of any form never becomes anything else than a list of networks or a failure', async () => {
    const opnsense = await start({ aliases: [network_] });
    const here = enforcer(opnsense, { aliasType: 'network' });
    const paths = [/get_alias/, /get_item/, /alias_util\/list/];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), hostileJson, async (path, body) => {
        opnsense.next({ kind: 'answer', body }, path);
        try {
          for (const held of await here.list(signal)) assert.equal(held.network, network(held.network));
        } catch (error) {
          assert.ok(error instanceof EnforcerError, String(error));
          assert.notEqual(error.code, 'rejected');
          assert.doesNotMatch(error.message, /\p{Cc}/u);
        }
      }),
      { numRuns: 150 },
    );
  });
});

const word = fc.constantFrom(
  'uuid',
  'rows',
  'ip',
  'total',
  'alias',
  'name',
  'blocklist',
  'type',
  'network',
  'selected',
  'content',
  '192.0.2.1',
  '../..',
  '__proto__',
);
const hostileJson = fc.oneof(
  fc.string(),
  fc
    .letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, word, fc.integer(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(word, tie('value'), { maxKeys: 5 }),
    }))
    .value.map((value) => JSON.stringify(value)),
);
