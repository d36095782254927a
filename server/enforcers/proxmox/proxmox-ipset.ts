import type { Proxmox } from 'proxmox-api';
import type { Clock } from '../../../shared/clock.ts';
import type { DesiredEntry, Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { isAnswer } from '../answer-error.ts';
import { commentFor, heldEntries, readEntry } from './ipset-entries.ts';
import { openApi } from './open-api.ts';
import type { ProxmoxTransport } from './proxmox-transport.ts';
import { readIpsetEntries } from './read-set.ts';

export interface ProxmoxIpsetOptions {
  /** As in `[proxmox NAME]`. */
  readonly name: string;
  readonly transport: ProxmoxTransport;
  /** Lower case: Proxmox folds names when it reads them, but not when it writes them. */
  readonly ipset: string;
  readonly clock: Clock;
}

/** A removal relies on what was seen this long ago at most: DELETE asks nobody whose entry it is. */
const lookMaxAgeMs = 2_000;

/**
 * An ipset of Proxmox VE's cluster firewall. Ours are the entries whose comment begins with `f2nb`. The ipset is made when
 * absent and never deleted; nothing else of the firewall is changed.
 */
export class ProxmoxIpset implements Enforcer {
  readonly name: string;
  readonly stepsPerCall = 1;
  readonly #options: ProxmoxIpsetOptions;
  /** Spellings of ours, as last seen and with what was done since. */
  #ours = new Set<string>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProxmoxIpsetOptions) {
    this.name = `proxmox/${options.name}`;
    this.#options = options;
  }

  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const lookedAtMs = this.#options.clock.elapsed();
    const held = await this.#look(signal);
    this.#ours = new Set(held.filter(({ owner }) => owner === 'ours').map(({ spelling }) => spelling));
    this.#lookedAtMs = lookedAtMs;
    return held;
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const step of steps) {
      if (step.verb === 'add') await this.#add(step.entry, signal);
      else await this.#remove(step.entry, signal);
    }
  }

  close(): Promise<void> {
    this.#options.transport.close();
    return Promise.resolve();
  }

  async #look(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const { ipset } = this.#options;
    try {
      return heldEntries(await readIpsetEntries(await openApi(this.#options.transport, signal), ipset));
    } catch (error) {
      if (!(await this.#isAbsent(error, signal))) throw error;
      await this.#create(signal);
      return [];
    }
  }

  /** Proxmox answers 500 for a missing ipset as for any trouble of its own, so the list of ipsets decides. */
  async #isAbsent(error: unknown, signal: AbortSignal): Promise<boolean> {
    if (!isAnswer(error, 500)) return false;
    const ipsets: unknown = await (await this.#ipsets(signal)).$get();
    if (!Array.isArray(ipsets)) return false;
    return !ipsets.some((item: unknown) => isObject(item) && item['name'] === this.#options.ipset);
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { ipset } = this.#options;
    try {
      await (await this.#ipsets(signal)).$post({ name: ipset, comment: 'fail2networkban' });
    } catch (cause) {
      if (!isRejection(cause)) throw cause;
      throw new EnforcerError('retry', `ipset ${ipset} was neither there nor could it be made`, { cause });
    }
  }

  async #add({ network, note }: DesiredEntry, signal: AbortSignal): Promise<void> {
    const ipsets = await this.#ipsets(signal);
    try {
      await ipsets.$(this.#options.ipset).$post({ cidr: network, comment: commentFor(note) });
      this.#ours.add(network);
    } catch (error) {
      // 400 is a duplicate, which is what was wanted, or a network that Proxmox does not take.
      if (!isRejection(error) || !(await this.#holds(network, signal))) throw error;
    }
  }

  /** @throws EnforcerError `rejected` when the administrator has excepted the network */
  async #holds(network: Network, signal: AbortSignal): Promise<boolean> {
    const { ipset } = this.#options;
    const ipsets = await this.#ipsets(signal);
    try {
      const entry = readEntry(await ipsets.$(ipset).$(network).$get());
      if (entry?.isNomatch) throw new EnforcerError('rejected', `ipset ${ipset} has the exception !${network}`);
      return entry !== undefined;
    } catch (error) {
      if (isAnswer(error, 400)) return false;
      throw error;
    }
  }

  async #remove({ spelling }: HeldEntry, signal: AbortSignal): Promise<void> {
    if (!this.#knowsAsOurs(spelling)) await this.list(signal);
    // Gone, or the administrator's by now.
    if (!this.#ours.has(spelling)) return;
    const ipsets = await this.#ipsets(signal);
    await ipsets.$(this.#options.ipset).$(spelling).$delete();
    this.#ours.delete(spelling);
  }

  #knowsAsOurs(spelling: string): boolean {
    return this.#options.clock.elapsed() - this.#lookedAtMs <= lookMaxAgeMs && this.#ours.has(spelling);
  }

  async #ipsets(signal: AbortSignal): Promise<Proxmox.Api['cluster']['firewall']['ipset']> {
    return (await openApi(this.#options.transport, signal)).cluster.firewall.ipset;
  }
}

function isRejection(error: unknown): boolean {
  return error instanceof EnforcerError && error.code === 'rejected';
}
