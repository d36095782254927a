import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { banVerbs } from '../../../server/admin/ban-verbs.ts';
import type { Core } from '../../../server/core.ts';
import { DryRun } from '../../../server/enforcers/dry-run/dry-run.ts';
import { takeEvent } from '../../../server/http/api/take-event.ts';
import type { Client } from '../../../server/ledger/ledger.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';
import { FailingLedger } from '../failing-ledger.ts';
import { makeClient, makeEvent, network, sampleKey } from '../samples.ts';
import { openCore } from '../whole-core.ts';

const address = network('203.0.113.7');
const operating = makeClient({ name: 'ops', may: ['ban', 'operate'] });
const banning = makeClient({ name: 'web2' });

/** A server with a firewall and the host web1 at an address, as the operator asks it. */
class Operated {
  readonly ledger: FailingLedger;
  readonly core: Core;
  readonly firewall: DryRun;
  readonly clock = new ManualClock();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(ledger: FailingLedger, core: Core, firewall: DryRun) {
    this.ledger = ledger;
    this.core = core;
    this.firewall = firewall;
    this.#running = core.enforcement.run(this.#stop.signal);
  }

  static async start(ledger = new FailingLedger()): Promise<Operated> {
    const firewall = new DryRun();
    const limits = { maxEntries: 1_000, merge: false, resyncSeconds: 300 };
    const firewalls = [{ enforcer: firewall, limits, protectedSources: [] }];
    const core = await openCore(ledger, new ManualClock(), [], { firewalls });
    const operated = new Operated(ledger, core, firewall);
    for (const client of [makeClient(), operating, banning]) await operated.#enroll(client);
    operated.come();
    return operated;
  }

  come(): void {
    this.core.protection.hostCame({ client: 'web1', keyId: sampleKey.id, address, now: this.clock.now() });
  }

  async ask(verb: string, args: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const { core, ledger } = this;
    const verbs = new Map(banVerbs({ ...core, ledger, actor: 'operator', clock: this.clock }));
    const answer: unknown = await verbs.get(verb)?.(args);
    return isObject(answer) ? answer : assert.fail(`${verb} answers an object`);
  }

  isBlocked(text: string): boolean {
    return this.firewall.entries.has(network(text));
  }

  async stop(): Promise<void> {
    await this.core.record.drain();
    this.#stop.abort();
    await this.#running;
  }

  async #enroll(client: Client): Promise<void> {
    if (this.core.clients.get(client.name) !== undefined) return;
    await this.core.record.write((draft) => draft.add({ kind: 'enrolled', client, actor: 'operator' }));
  }
}

async function operate(work: (operated: Operated) => Promise<void>): Promise<void> {
  const operated = await Operated.start();
  try {
    await work(operated);
  } finally {
    await operated.stop();
  }
}

describe("a ban of a host's address", () => {
  it('by another host stands, is held back, and says so wherever it is looked at', () =>
    operate(async (operated) => {
      const { core } = operated;
      const bans = ['203.0.113.7', '203.0.113.0/28', '64:ff9b::203.0.113.7', '203.0.113.8'];
      await core.intake.takeEach(
        banning,
        bans.map((each) => makeEvent(0, each)),
      );
      await until(() => operated.isBlocked('203.0.113.8'), 'the other is blocked');
      assert.deepEqual([...operated.firewall.entries.keys()], ['203.0.113.8']);
      const listed = JSON.stringify(await operated.ask('bans', {}));
      assert.equal(listed.split('"state":"held-back","code":"host"').length - 1, 3, listed);
      const { hostIn, enforcement, bans: found } = await operated.ask('lookup', { network: '203.0.113.7' });
      assert.equal(hostIn, 'address of host web1');
      assert.deepEqual(enforcement, [
        { enforcer: 'dry-run', state: 'held-back', code: 'host', detail: 'address of host web1' },
      ]);
      assert.match(JSON.stringify(found), /"heldBack":\{"code":"host","detail":"address of host web1"\}/);
    }));

  it('comes into force the moment the host is revoked', () =>
    operate(async ({ core, firewall }) => {
      await core.intake.takeEach(banning, [makeEvent(0, '203.0.113.7')]);
      assert.equal(core.protection.held.size, 1);
      await core.record.write((draft) => draft.add({ kind: 'revoked', client: 'web1', actor: 'operator' }));
      await until(() => firewall.entries.has(address), 'it is in force');
      assert.equal(core.protection.held.size, 0);
      assert.deepEqual(core.protection.hosts.of('web1'), []);
    }));

  it('by the operator is asked back, and in force when it is meant, also after a restart', () =>
    operate(async (operated) => {
      const refused = await operated.ask('ban', { network: '203.0.113.7' });
      assert.deepEqual([refused['outcome'], refused['code']], ['refused', 'protected']);
      assert.match(String(refused['detail']), /address of host web1.*--even-host$/);
      assert.equal(operated.core.standing.size, 0);
      const done = await operated.ask('ban', { network: '203.0.113.7', evenHost: true });
      assert.deepEqual([done['outcome'], done['heldBack']], ['recorded', undefined]);
      await until(() => operated.isBlocked('203.0.113.7'), 'it is in force');
      await operated.core.record.drain();
      const again = await Operated.start(operated.ledger);
      await until(() => again.isBlocked('203.0.113.7'), 'it is in force again');
      await again.stop();
    }));

  it('is held back again when what the operator meant has ended, and another report stands', () =>
    operate(async (operated) => {
      const { core } = operated;
      await core.intake.takeEach(banning, [makeEvent(0, '203.0.113.7')]);
      await operated.ask('ban', { network: '203.0.113.7', evenHost: true });
      await until(() => operated.isBlocked('203.0.113.7'), 'it is in force');
      const own = core.standing.reportsOf(address).find(({ client }) => client === 'operator');
      assert.ok(own?.evenHost);
      await core.record.write((draft) => draft.withdraw(own, 'unban', 'operator'));
      await until(() => !operated.isBlocked('203.0.113.7'), 'it is held back');
    }));

  const asked: readonly (readonly [name: string, client: Client, more: object, outcome: string])[] = [
    ['by hand of a client that operates is asked back', operating, {}, 'protected'],
    ['by hand of a client that operates, and meant, is in force', operating, { evenHost: true }, 'in force'],
    ['by a jail of a client that operates is held back', operating, { jail: 'sshd' }, 'held back, and told so'],
    ['by hand of any client is held back', banning, {}, 'held back, and told so'],
    ['cannot be meant by any client', banning, { evenHost: true }, 'not-permitted'],
  ];
  for (const [name, client, more, expected] of asked) {
    it(`by HTTP, ${name}`, () =>
      operate(async ({ core }) => {
        const request = {
          network: address,
          verb: 'ban',
          jail: undefined,
          ttlSeconds: null,
          labels: undefined,
        } as const;
        const taken = await takeEvent(core, client, { ...request, ...more });
        const came = 'problem' in taken ? taken.problem.code : whatCame(core, JSON.stringify(taken.recorded));
        assert.equal(came, expected);
      }));
  }
});

/** What became of a ban that was recorded. */
function whatCame({ protection }: Core, body: string): string {
  if (!protection.held.has(address)) return 'in force';
  return body.includes('"heldBack":{"code":"host"') ? 'held back, and told so' : 'held back';
}
