import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EnforcementOfBans } from '../../../../server/enforcement.ts';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import type { StrayEntries } from '../../../../server/enforcers/ownership/stray-entries.ts';
import { Traces } from '../../../../server/enforcers/ownership/traces.ts';
import { ClusterFileRoom } from '../../../../server/enforcers/proxmox/cluster-file-room.ts';
import { ProxmoxIpset } from '../../../../server/enforcers/proxmox/proxmox-ipset.ts';
import { sweepExpired } from '../../../../server/expiry-sweep.ts';
import type { ReceivedEvent } from '../../../../shared/frames.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { until } from '../../../until.ts';
import { Core } from '../../core.ts';
import { makeClient, makeEvent } from '../../samples.ts';
import { transportTo } from '../proxmox/emulated-ipset.ts';

const most = 60_000;

/** A server without sockets that keeps the blacklist of an emulated Proxmox equal to a ledger in memory. */
export class ServerOnProxmox {
  readonly core: Core;
  readonly enforcement: EnforcementOfBans;
  readonly marks: OwnMarks;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  isPaused = false;
  /** Called after each write. */
  onWrite: () => void = () => undefined;

  private constructor(core: Core, enforcement: EnforcementOfBans, marks: OwnMarks) {
    this.marks = marks;
    this.core = core;
    this.enforcement = enforcement;
    this.#running = enforcement.run(this.#stop.signal);
  }

  /** @param mark the id in the marks of its entries */
  static async start(proxmox: EmulatedProxmox, mark: string, before?: Core): Promise<ServerOnProxmox> {
    const core = await Core.make(before?.ledger, before?.clock);
    const { standing, policy, clock } = core;
    const marks = new OwnMarks([mark]);
    const traces = new Traces(core.ledger);
    const transport = transportTo(proxmox);
    const room = new ClusterFileRoom({ mark, ipset: 'blacklist', clock, file: undefined });
    const enforcement = new EnforcementOfBans({
      firewalls: [
        {
          enforcer: new ProxmoxIpset({
            name: 'main',
            ipset: 'blacklist',
            clock,
            soon: setImmediate,
            transport,
            marks,
            room,
          }),
          room,
          onDoubt: (relist) => room.onDoubt(relist),
          limits: { maxEntries: 10_000, merge: true, resyncSeconds: 300 },
          protectedSources: [],
        },
      ],
      ...{ standing, policy, clock, marks, traces },
      random: () => 1,
      isPaused: () => server.isPaused,
      isOperators: () => false,
      isClient: (name) => name === 'web1',
      held: core.held,
      unread: () => undefined,
      onEvent: (_enforcer, { kind }) => {
        if (kind === 'applied') server.onWrite();
      },
      onRoom: () => undefined,
      onStrays: () => undefined,
    });
    core.afterCommit = (changes) => {
      for (const change of changes) if (change.kind === 'reported') enforcement.reported(change.report.network);
      enforcement.notify();
    };
    const server: ServerOnProxmox = new ServerOnProxmox(core, enforcement, marks);
    return server;
  }

  get strays(): readonly StrayEntries[] {
    return this.enforcement.strays('proxmox/main');
  }

  /** So many at once, each fifty by a host of their own, or all by one. */
  async banAll(networks: readonly string[], host?: string): Promise<void> {
    for (let from = 0; from < networks.length; from += 50) {
      const events = networks.slice(from, from + 50).map((each, at) => makeEvent(at + 1, each, { ttlSeconds: null }));
      const name = host ?? `host${networks[from]?.replaceAll('.', '-')}`;
      await this.core.send(makeClient({ name }), events, randomUUID());
    }
  }

  async unbanAll(networks: readonly string[], host: string): Promise<void> {
    const events = networks.map((each, at) => makeEvent(at + 1, each, { verb: 'unban' }));
    await this.core.send(makeClient({ name: host }), events, randomUUID());
  }

  async ban(network: string, ttlSeconds: number | null = null): Promise<void> {
    assert.deepEqual(await this.#send(makeEvent(1, network, { ttlSeconds })), ['recorded']);
  }

  async unban(network: string): Promise<void> {
    await this.#send(makeEvent(1, network, { verb: 'unban' }));
  }

  /** Each in a stream of its own, as after a restart. */
  #send(event: ReceivedEvent): Promise<string[]> {
    return this.core.send(makeClient(), [event], randomUUID());
  }

  /** Lets time pass, ends what has run out, and waits until the firewall agrees. */
  async advance(ms: number): Promise<void> {
    const { record, standing, whitelist, clock } = this.core;
    clock.advance(ms);
    await sweepExpired({ record, standing, whitelist, clock });
    this.enforcement.notify();
    await this.rest();
  }

  /** Compares now, and waits until both agree. */
  async pass(): Promise<void> {
    const [pass] = await this.enforcement.pass(most);
    assert.equal(pass?.outcome, 'done');
    await this.rest();
  }

  async rest(): Promise<void> {
    const [reconciler] = this.enforcement.reconcilers;
    await until(() => reconciler?.state.kind === 'in-sync' && this.core.clock.waiting > 0, 'the server is in sync');
  }

  /** @returns its ledger and clock, to start another with */
  async stop(): Promise<Core> {
    this.#stop.abort();
    await this.#running;
    return this.core;
  }
}
